import { gzipSync, zstdCompressSync } from "node:zlib";
import { beforeEach, afterEach, describe, expect, it, vi } from "vitest";
import { packTar, type TarEntry } from "#lib/tar-pack.ts";
import { hexOf } from "#spec/digest.ts";
import { mediaTypes } from "#spec/oci-image/types.ts";
import { digestOf, tagsOf } from "../record/image.ts";
import { ImageStore } from "../record/image-store.ts";
import { configJson, dockerArchive, file, imageFixture, layerTar, load, type ImageFixture } from "../testing.ts";

let fixture: ImageFixture;
beforeEach(() => {
  fixture = imageFixture();
});
afterEach(() => fixture[Symbol.dispose]());

const base = layerTar("base", "12345");
const top = layerTar("top", "123");

describe("the form of docker save", () => {
  it("loads several images, shares their layers and says so", async () => {
    const lines = await load(fixture, dockerArchive({ layers: [base, top], tags: ["app:v1", "reg.io/app:v2"] }, { layers: [base] }));
    const other = digestOf(configJson([base]));
    expect(lines).toEqual([
      { stream: "Loaded image: app:v1\n" },
      { stream: "Loaded image: reg.io/app:v2\n" },
      { stream: `Loaded image ID: ${other}\n` },
    ]);
    expect(fixture.service.inspect("app:v1").size).toBe(8);
    expect(fixture.service.inspect(other).size).toBe(5);
    expect(fixture.snapshots.layers.size).toBe(2);
    expect(fixture.events.map(({ action }) => action)).toEqual(["load", "load"]);
    expect([...fixture.content.blobs.keys()].toSorted()).toEqual(
      [digestOf(base), digestOf(top), other, digestOf(configJson([base, top]))].toSorted(),
    );
  });

  it.each([
    ["gzip", gzipSync],
    ["zstd", zstdCompressSync],
  ])("reads through %s, and keeps a compressed layer as it came", async (_, compress) => {
    const packed = gzipSync(base);
    const config = configJson([base]);
    const entries = [
      file("c.json", config),
      file("l.tar", packed),
      file("manifest.json", JSON.stringify([{ Config: "c.json", RepoTags: ["x:1"], Layers: ["l.tar"] }])),
    ];
    await load(fixture, compress(packTar(entries)));
    expect(fixture.service.inspect("x:1").image.layers[0]?.blob).toEqual({ digest: digestOf(packed), mediaType: mediaTypes.ociLayerGzip });
  });

  it("follows the links of old archives", async () => {
    const config = configJson([base, base]);
    const entries: TarEntry[] = [
      file("c.json", config),
      file("a/layer.tar", base),
      { name: "b/layer.tar", type: "symlink", mode: 0o777, linkname: "../a/layer.tar" },
      file("manifest.json", JSON.stringify([{ Config: "c.json", RepoTags: ["x:1"], Layers: ["a/layer.tar", "b/layer.tar"] }])),
    ];
    await load(fixture, packTar(entries));
    expect(fixture.service.inspect("x:1").image.layers.map(({ diffId }) => diffId)).toEqual([digestOf(base), digestOf(base)]);
  });

  it("moves a tag and says from where", async () => {
    await load(fixture, dockerArchive({ layers: [base], tags: ["x:1"] }));
    const lines = await load(fixture, dockerArchive({ layers: [top], tags: ["x:1"] }));
    const from = digestOf(configJson([base]));
    expect(lines[0]).toEqual({ stream: `The image x:1 already exists, renaming the old one with ID ${from} to empty string\n` });
    expect(tagsOf(fixture.service.inspect(from).image)).toEqual([]);
  });

  it("has an image on record with all its names, or not at all", async () => {
    const { images } = fixture.service;
    vi.spyOn(images, "setReference")
      .mockImplementationOnce((...parameters) => ImageStore.prototype.setReference.apply(images, parameters))
      .mockImplementationOnce(() => {
        throw new Error("killed here");
      });
    await expect(load(fixture, dockerArchive({ layers: [base], tags: ["x:1", "x:2"] }))).rejects.toThrow("killed here");
    expect(images.all()).toEqual([]);
    expect([fixture.content.blobs.size, fixture.snapshots.layers.size]).toEqual([0, 0]);
  });

  it("CVE-2021-20291: loads an image without layers, and one with the same layer many times", async () => {
    await load(fixture, dockerArchive({ layers: [], tags: ["empty:1"] }, { layers: Array<Buffer>(200).fill(base), tags: ["many:1"] }));
    expect(fixture.service.inspect("empty:1").storage.topLayer).toBeUndefined();
    expect(fixture.service.inspect("many:1").size).toBe(1000);
  });
});

describe("an OCI layout", () => {
  const blob = (bytes: Buffer): TarEntry => file(`blobs/sha256/${hexOf(digestOf(bytes))}`, bytes);
  const describeBlob = (bytes: Buffer, mediaType: string, extra: object = {}): object => ({
    mediaType,
    digest: digestOf(bytes),
    size: bytes.length,
    ...extra,
  });
  const packed = gzipSync(base);
  const config = configJson([base]);
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: describeBlob(config, mediaTypes.ociConfig),
      layers: [describeBlob(packed, mediaTypes.ociLayerGzip)],
    }),
  );
  const layout = (manifests: object[], more: Buffer[] = []): Buffer =>
    packTar([
      file("oci-layout", '{"imageLayoutVersion":"1.0.0"}'),
      ...[packed, config, manifest, ...more].map(blob),
      file("index.json", JSON.stringify({ schemaVersion: 2, manifests })),
    ]);

  it("loads by its annotation, and keeps the manifest", async () => {
    const annotations = { "io.containerd.image.name": "docker.io/library/app:v1" };
    const lines = await load(fixture, layout([describeBlob(manifest, mediaTypes.ociManifest, { annotations })]));
    expect(lines).toEqual([{ stream: "Loaded image: app:v1\n" }]);
    expect(fixture.service.inspect("app:v1").image.manifest).toBe(digestOf(manifest));
    expect(fixture.content.blobs.has(digestOf(manifest))).toBe(true);
  });

  it("takes the host's platform from an index, and names by id what has a tag alone", async () => {
    const index = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: mediaTypes.ociIndex,
        manifests: [
          describeBlob(config, mediaTypes.ociManifest, { platform: { os: "linux", architecture: "arm64" } }),
          describeBlob(manifest, mediaTypes.ociManifest, { platform: { os: "linux", architecture: "amd64" } }),
        ],
      }),
    );
    const annotations = { "org.opencontainers.image.ref.name": "latest" };
    const lines = await load(fixture, layout([describeBlob(index, mediaTypes.ociIndex, { annotations })], [index]));
    expect(lines).toEqual([{ stream: `Loaded image ID: ${digestOf(config)}\n` }]);
    expect(fixture.service.inspect(digestOf(config)).image.manifest).toBe(digestOf(manifest));
  });

  it("refuses a blob that is not what its name says", async () => {
    const lying = packTar([file(`blobs/sha256/${"a".repeat(64)}`, "x"), file("index.json", "{}")]);
    await expect(load(fixture, lying)).rejects.toThrow("does not hold what its name says");
  });
});

describe("the oldest form", () => {
  it("makes a configuration of the layers' own", async () => {
    const [lower, upper] = ["a".repeat(64), "b".repeat(64)];
    const entries = [
      file(`${lower}/json`, JSON.stringify({ id: lower, created: "2014-01-01T00:00:00Z", os: "linux", architecture: "amd64" })),
      file(`${lower}/VERSION`, "1.0"),
      file(`${lower}/layer.tar`, base),
      file(`${upper}/json`, JSON.stringify({ id: upper, parent: lower, os: "linux", architecture: "amd64", config: { Cmd: ["sh"] } })),
      file(`${upper}/layer.tar`, top),
      file("repositories", JSON.stringify({ old: { v1: upper } })),
    ];
    expect(await load(fixture, packTar(entries))).toEqual([{ stream: "Loaded image: old:v1\n" }]);
    const { image } = fixture.service.inspect("old:v1");
    expect(image.config.config?.Cmd).toEqual(["sh"]);
    expect(image.layers.map(({ diffId }) => diffId)).toEqual([digestOf(base), digestOf(top)]);
  });
});

describe("CVE-2014-9358, CVE-2014-5282, CVE-2024-3727, CVE-2026-7020, CVE-2023-25153: hostile and broken archives", () => {
  const config = configJson([base]);
  const manifest = (item: object): TarEntry =>
    file("manifest.json", JSON.stringify([{ Config: "c.json", RepoTags: ["x:1"], Layers: ["l.tar"], ...item }]));
  const good = [file("c.json", config), file("l.tar", base)];

  it.each<[string, Buffer, string]>([
    ["no archive", Buffer.from("x".repeat(2000)), "invalid archive"],
    ["nothing", Buffer.alloc(0), "does not contain a manifest.json"],
    ["an archive that breaks off", packTar([...good, manifest({})]).subarray(0, 2500), "unexpected end"],
    ["a gzip stream that breaks off", gzipSync(packTar([...good, manifest({})])).subarray(0, 300), "compressed stream is broken"],
    ["a configuration above the archive", packTar([...good, manifest({ Config: "../../x.json" })]), "leads out of it"],
    ["a layer above the archive", packTar([...good, manifest({ Layers: ["../l"] })]), "leads out of it"],
    ["a file above the archive", packTar([file("../../etc/cron.d/x", "x")]), "leads out of it"],
    [
      "a manifest that is a link to the host",
      packTar([{ name: "manifest.json", type: "symlink", mode: 0o777, linkname: "/etc/shadow" }]),
      "leads out of it",
    ],
    [
      "a layer that is a link out",
      packTar([file("c.json", config), { name: "l.tar", type: "symlink", mode: 0o777, linkname: "../../../etc/passwd" }, manifest({})]),
      "leads out of it",
    ],
    [
      "links in a circle",
      packTar([file("c.json", config), { name: "l.tar", type: "symlink", mode: 0o777, linkname: "l.tar" }, manifest({})]),
      "link without end",
    ],
    ["a device", packTar([{ name: "d", type: "character", mode: 0o666, major: 1, minor: 3 }]), "neither a file, a folder nor a link"],
    ["a tag that is a path", packTar([...good, manifest({ RepoTags: ["../../x:1"] })]), "invalid reference format"],
    ["a tag without a tag", packTar([...good, manifest({ RepoTags: ["x"] })]), "invalid tag"],
    ["a layer that is not there", packTar([file("c.json", config), manifest({})]), 'has no "l.tar"'],
    [
      "more layers than the configuration has",
      packTar([...good, manifest({ Layers: ["l.tar", "l.tar"] })]),
      "layers length mismatch: expected 2, got 1",
    ],
    ["a layer of another content", packTar([file("c.json", config), file("l.tar", top), manifest({})]), "diff id"],
    ["a manifest with a key twice", packTar([...good, file("manifest.json", '[{"Config":"c.json","Config":"d.json"}]')]), "duplicate key"],
    ["a configuration that is none", packTar([file("c.json", "{}"), manifest({ Layers: [] })]), "rootfs is not an object"],
    [
      "another operating system",
      packTar([file("c.json", configJson([], { os: "windows" })), manifest({ Layers: [] })]),
      "cannot load windows image on linux",
    ],
    ["a repository that is a path", packTar([file("repositories", '{"../../x":{"v1":"' + "a".repeat(64) + '"}}')]), "has no"],
    ["a gigantic index", packTar([file("index.json", Buffer.alloc(5 * 1024 * 1024, "x"))]), "at most 4194304 are read"],
  ])("%s: nothing is kept", async (_, archive, message) => {
    await expect(load(fixture, archive)).rejects.toThrow(
      expect.objectContaining({ category: "invalid", message: expect.stringContaining(message) }),
    );
    expect(fixture.content.list()).toEqual([]);
    expect(fixture.snapshots.list().layers).toEqual([]);
    expect(fixture.service.images.all()).toEqual([]);
  });

  it("stops when the client goes away", async () => {
    const controller = new AbortController();
    async function* endless(): AsyncGenerator<Uint8Array> {
      const archive = packTar([...good, manifest({})]);
      yield archive.subarray(0, 1024);
      controller.abort(new Error("gone"));
      yield archive.subarray(1024);
    }
    const loading = fixture.service.load({ archive: endless(), platform: undefined, quiet: true }, () => undefined, controller.signal);
    await expect(loading).rejects.toThrow("gone");
    expect(fixture.content.list()).toEqual([]);
  });
});

it("an archive cannot say what a layer that is here already is kept as", async () => {
  const good = layerTar("good");
  await load(fixture, dockerArchive({ layers: [good], tags: ["good:1"] }));
  const config = configJson([good], { author: "hostile" });
  // The layer's name, and something else in it.
  await load(fixture, dockerArchive({ layers: [layerTar("evil")], config, tags: ["evil:1"] }));
  expect(fixture.service.inspect("evil:1").image.layers[0]?.blob?.digest).toBe(digestOf(good));
  expect(fixture.content.blobs.has(digestOf(layerTar("evil")))).toBe(false);
});

it("a layer that is here without its archive gets it, and no other", async () => {
  const good = layerTar("good");
  await load(fixture, dockerArchive({ layers: [good], tags: ["good:1"] }));
  fixture.content.blobs.delete(digestOf(good));
  const config = configJson([good], { author: "hostile" });
  await expect(load(fixture, dockerArchive({ layers: [layerTar("evil")], config, tags: ["evil:1"] }))).rejects.toThrow(/diff id is/);
  await load(fixture, dockerArchive({ layers: [good], tags: ["good:2"] }));
  expect(fixture.content.blobs.get(digestOf(good))).toEqual(good);
});
