import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { gzipSync } from "node:zlib";
import { parsePlatform, type Platform } from "#spec/platform.ts";
import { forEachEntry } from "../archive/tar-entries.ts";
import { digestOf } from "../record/image.ts";
import { chunked, configJson, dockerArchive, file, imageFixture, layerTar, load, never, type ImageFixture } from "../testing.ts";
import { packTar } from "#lib/tar-pack.ts";

let fixture: ImageFixture;
beforeEach(() => {
  fixture = imageFixture();
});
afterEach(() => fixture[Symbol.dispose]());

async function save(names: readonly string[], platform?: Platform): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const piece of await fixture.service.save({ names, platform }, never)) parts.push(Buffer.from(piece));
  return Buffer.concat(parts);
}

async function membersOf(archive: Buffer): Promise<Map<string, Buffer>> {
  const members = new Map<string, Buffer>();
  await forEachEntry(chunked(archive, 999) as AsyncIterable<Buffer>, async (entry, bytes) => {
    members.set(entry.path, Buffer.concat(await Array.fromAsync(bytes)));
  });
  return members;
}

const document = async (archive: Buffer, name: string): Promise<unknown> =>
  JSON.parse((await membersOf(archive)).get(name)?.toString() ?? "null");
const listed = async (archive: Buffer): Promise<{ RepoTags: string[] | null }[]> =>
  (await document(archive, "manifest.json")) as { RepoTags: string[] | null }[];
const nameOf = (bytes: Uint8Array): string => `blobs/sha256/${digestOf(bytes).slice(7)}`;

/** A layout whose layer is compressed, as registries and buildx give images. */
function layout(tag: string, layer = layerTar("one")): { archive: Buffer; manifest: Buffer; packed: Buffer } {
  const [config, packed] = [configJson([layer]), gzipSync(layer)];
  const type = "application/vnd.oci.image";
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      config: { mediaType: `${type}.config.v1+json`, digest: digestOf(config), size: config.length },
      layers: [{ mediaType: `${type}.layer.v1.tar+gzip`, digest: digestOf(packed), size: packed.length }],
      mediaType: `${type}.manifest.v1+json`,
    }),
  );
  const entry = { mediaType: `${type}.manifest.v1+json`, digest: digestOf(manifest), size: manifest.length };
  const index = { schemaVersion: 2, manifests: [{ ...entry, annotations: { "io.containerd.image.name": `docker.io/${tag}` } }] };
  const blobs = [config, packed, manifest].map((bytes) => file(nameOf(bytes), bytes));
  return { archive: packTar([...blobs, file("index.json", JSON.stringify(index)), file("oci-layout", "{}")]), manifest, packed };
}

describe("save", () => {
  it("writes both forms over the same blobs", async () => {
    const layers = [layerTar("one"), layerTar("two")];
    const config = configJson(layers);
    await load(fixture, dockerArchive({ layers, tags: ["app:1"] }));
    const archive = await save(["app:1"]);
    const members = await membersOf(archive);
    expect(members.get(nameOf(config))).toEqual(config);
    for (const layer of layers) expect(members.get(nameOf(layer))).toEqual(layer);
    expect(await document(archive, "manifest.json")).toEqual([
      {
        Config: nameOf(config),
        RepoTags: ["app:1"],
        Layers: layers.map(nameOf),
        LayerSources: Object.fromEntries(
          layers.map((layer) => [
            digestOf(layer),
            { mediaType: "application/vnd.oci.image.layer.v1.tar", digest: digestOf(layer), size: layer.length },
          ]),
        ),
      },
    ]);
    const { manifests } = (await document(archive, "index.json")) as { manifests: { digest: string; annotations: object }[] };
    expect(manifests[0]?.annotations).toEqual({
      "io.containerd.image.name": "docker.io/library/app:1",
      "org.opencontainers.image.ref.name": "1",
    });
    const manifest = JSON.parse(members.get(`blobs/sha256/${manifests[0]?.digest.slice(7)}`)?.toString() ?? "") as { config: object };
    expect(manifest.config).toMatchObject({ digest: digestOf(config) });
    expect(await document(archive, "repositories")).toEqual({ app: { "1": digestOf(layers[1] as Buffer).slice(7) } });
    expect([...members.keys()].slice(0, 2)).toEqual(["blobs/", "blobs/sha256/"]);
  });

  it("the same again gives the same archive, and tells of it", async () => {
    await load(fixture, dockerArchive({ layers: [layerTar("one")], tags: ["app:1"] }));
    expect((await save(["app:1"])).equals(await save(["app:1"]))).toBe(true);
    expect(fixture.events.filter(({ action }) => action === "save")).toHaveLength(2);
  });

  it("loading what was saved gives the ids, the tags, the parent and the digests back", async () => {
    const [base, child] = [[layerTar("one")], [layerTar("one"), layerTar("two")]];
    const { archive, manifest, packed } = layout("packed:1", layerTar("three"));
    await load(fixture, dockerArchive({ layers: base, tags: ["base:1"] }, { layers: child, tags: ["child:1", "child:2"] }));
    await load(fixture, archive);
    const [parent, made] = ["base:1", "child:1"].map((name) => fixture.service.inspect(name).image.id);
    fixture.service.images.setParent(made as `sha256:${string}`, parent as `sha256:${string}`);
    const before = fixture.service.images.all();
    const saved = await save(["base:1", "child", "packed:1"]);

    // Children first.
    for (const { id } of before.toSorted((one) => (one.parent === undefined ? 1 : -1)))
      await fixture.service.remove({ name: id, force: true, pruneParents: false });
    expect(fixture.content.list()).toEqual([]);
    await load(fixture, saved);
    const after = fixture.service.images.all();
    const facts = (images: typeof after): object[] => images.map((image) => ({ ...image, lastTagged: undefined }));
    expect(facts(after)).toEqual(facts(before));
    expect(fixture.service.inspect("packed:1").image.manifest).toBe(digestOf(manifest));
    expect(fixture.content.blobs.get(digestOf(packed))).toEqual(packed);
    expect((await save(["base:1", "child", "packed:1"])).equals(saved)).toBe(true);
  });

  it("a repository means its tags, an id an image without a name, and a layer that is shared is in it once", async () => {
    const shared = layerTar("shared");
    await load(
      fixture,
      dockerArchive({ layers: [shared], tags: ["app:1", "app:2"] }, { layers: [shared, layerTar("x")], tags: ["app:3"] }),
    );
    const all = await listed(await save(["app"]));
    expect(all.map(({ RepoTags }) => RepoTags)).toEqual([["app:1", "app:2"], ["app:3"]]);
    const { id } = fixture.service.inspect("app:1").image;
    for (const name of [id, id.slice(7, 19)]) expect((await listed(await save([name])))[0]?.RepoTags).toBeNull();
    const archive = await save(["app:2", "app:3", "app:2"]);
    expect((await listed(archive)).map(({ RepoTags }) => RepoTags)).toEqual([["app:2"], ["app:3"]]);
    const names: string[] = [];
    await forEachEntry(chunked(archive) as AsyncIterable<Buffer>, async ({ path }) => void names.push(path));
    expect(names.filter((name) => name === nameOf(shared))).toHaveLength(1);
  });

  it.each([
    ["missing", undefined, "No such image: missing:latest"],
    ["app:2", undefined, "No such image: app:2"],
    ["app:1", parsePlatform("linux/arm64"), "does not match the specified platform"],
  ])("%s for %j: nothing is sent", async (name, platform, message) => {
    await load(fixture, dockerArchive({ layers: [layerTar("one")], tags: ["app:1"] }));
    await expect(save(["app:1", name], platform)).rejects.toThrow(message);
  });

  it("a layer whose archive is gone is named before anything is sent", async () => {
    const layer = layerTar("one");
    await load(fixture, dockerArchive({ layers: [layer], tags: ["app:1"] }));
    fixture.content.blobs.delete(digestOf(layer));
    await expect(fixture.service.save({ names: ["app:1"], platform: undefined }, never)).rejects.toThrow(
      `the archive of layer ${digestOf(layer)} is not here any more`,
    );
  });

  it("an image that is removed meanwhile is sent to its end, and goes then", async () => {
    const layer = layerTar("one", "x".repeat(5000));
    await load(fixture, dockerArchive({ layers: [layer], tags: ["app:1"] }));
    const stream = (await fixture.service.save({ names: ["app:1"], platform: undefined }, never))[Symbol.asyncIterator]();
    const parts = [Buffer.from((await stream.next()).value as Uint8Array)];
    await fixture.service.remove({ name: "app:1", force: true, pruneParents: true });
    for (let next = await stream.next(); next.done !== true; next = await stream.next()) parts.push(Buffer.from(next.value));
    expect((await membersOf(Buffer.concat(parts))).get(nameOf(layer))).toEqual(layer);
    expect(fixture.content.list()).toEqual([]);
  });
});
