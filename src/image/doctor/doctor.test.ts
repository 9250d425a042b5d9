import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { EngineError } from "#errors/engine-error.ts";
import type { Digest } from "#spec/digest.ts";
import { parseReference } from "#spec/reference.ts";
import { digestOf } from "../record/image.ts";
import type { RemoteBlobs } from "../ports.ts";
import { configJson, dockerArchive, imageFixture, layerTar, load, never, type ImageFixture } from "../testing.ts";
import type { DoctorReport } from "./finding.ts";

let fixture: ImageFixture;
const remote = new Map<Digest, Buffer>();
const asked: string[] = [];
const registry: RemoteBlobs = {
  async *fetch(reference, digest, kind) {
    asked.push(`${kind} ${reference.path}`);
    const bytes = remote.get(digest);
    if (bytes === undefined) throw new EngineError("not-found", "blob unknown: blob unknown to registry");
    yield bytes;
  },
};
beforeEach(() => {
  fixture = imageFixture({ remote: registry });
  remote.clear();
  asked.length = 0;
});
afterEach(() => fixture[Symbol.dispose]());

const examine = (repair = false): Promise<DoctorReport> => fixture.service.examine({ repair }, never);
const told = (report: DoctorReport): unknown[] => report.diagnoses.map(({ finding, outcome }) => [finding.kind, outcome.kind]);

const layers = [layerTar("one"), layerTar("two")] as const;

/** An image of two layers that a registry knows. */
async function loadOne(): Promise<Digest> {
  const packed = layers.map((layer) => gzipSync(layer));
  await load(fixture, dockerArchive({ layers: packed, config: configJson(layers), tags: ["app:1"] }));
  const { id } = fixture.service.inspect("app:1").image;
  fixture.service.images.setReference(parseReference(`reg.example/team/app@${digestOf("manifest")}`), id, 1);
  return id;
}
const archive = (index: 0 | 1): Digest => digestOf(gzipSync(layers[index]));

/** What was found, what became of it, and what is found afterwards. */
async function cure(): Promise<unknown[]> {
  const before = told(await examine());
  const { diagnoses } = await examine(true);
  return [before, diagnoses.map(({ outcome }) => outcome), (await examine()).diagnoses];
}
const cured = (kind: string, how: RegExp): unknown[] => [
  [[kind, "found"]],
  [{ kind: "repaired", how: expect.stringMatching(how) as string }],
  [],
];

describe("a store", () => {
  it("that is whole has nothing the matter with it", async () => {
    await loadOne();
    expect(await examine(true)).toEqual({ blobs: 3, layers: 2, diagnoses: [] });
  });

  it("a configuration that is lost or cut off is written again", async () => {
    const id = await loadOne();
    fixture.content.blobs.delete(id);
    expect(await cure()).toEqual(cured("missing-blob", /from the engine's state/));
    fixture.content.blobs.set(id, Buffer.from("{"));
    expect(await cure()).toEqual(cured("damaged-blob", /from the engine's state/));
  });

  it.each([
    ["missing-blob", () => fixture.content.blobs.delete(archive(0))],
    ["damaged-blob", () => fixture.content.blobs.set(archive(0), gzipSync(layers[0]).subarray(0, 20))],
  ])("a layer's archive is fetched again: %s", async (kind, spoil) => {
    await loadOne();
    remote.set(archive(0), gzipSync(layers[0]));
    spoil();
    expect(await cure()).toEqual(cured(kind, /fetched again from reg\.example\/team\/app/));
    expect(asked).toEqual(["blob team/app"]);
    expect(fixture.content.blobs.get(archive(0))).toEqual(gzipSync(layers[0]));
  });

  it("what a registry gives in its place is verified, and what is damaged stays until then", async () => {
    await loadOne();
    const cut = gzipSync(layers[0]).subarray(0, 20);
    fixture.content.blobs.set(archive(0), cut);
    const { diagnoses } = await examine(true);
    expect(diagnoses[0]?.outcome).toEqual({
      kind: "not-repaired",
      why: "blob unknown: blob unknown to registry; pull or load app:1 again",
    });
    expect(fixture.content.blobs.get(archive(0))).toEqual(cut);
    remote.set(archive(0), Buffer.from("something else"));
    expect((await examine(true)).diagnoses[0]?.outcome.kind).toBe("not-repaired");
    expect((await examine()).diagnoses[0]?.finding.kind).toBe("missing-blob");
  });

  it("a layer that is not unpacked is, from its archive", async () => {
    await loadOne();
    const [, top] = fixture.service.inspect("app:1").image.layers;
    fixture.snapshots.layers.delete(top?.chainId as Digest);
    expect(await cure()).toEqual(cured("missing-layer", /unpacked again/));
  });

  it("a whole image that is not unpacked is, from the base up", async () => {
    await loadOne();
    fixture.snapshots.layers.clear();
    expect(told(await examine(true))).toEqual([
      ["missing-layer", "repaired"],
      ["missing-layer", "repaired"],
    ]);
  });

  it("a layer whose files were cut off is unpacked again, when nothing stands on it", async () => {
    await loadOne();
    const [base, top] = fixture.service.inspect("app:1").image.layers;
    fixture.snapshots.contentSizes.set(top?.chainId as Digest, 1);
    expect(await cure()).toEqual(cured("damaged-layer", /unpacked again/));
    fixture.snapshots.contentSizes.set(base?.chainId as Digest, 1);
    expect((await examine(true)).diagnoses[0]?.outcome).toEqual({
      kind: "not-repaired",
      why: expect.stringContaining("stands on it"),
    });
  });

  it("one that is as its archive says is not, whatever was written on the way", async () => {
    const twice = Buffer.concat([layerTar("same", "long content").subarray(0, 1024), layerTar("same", "short")]);
    await load(fixture, dockerArchive({ layers: [twice], tags: ["app:1"] }));
    const [layer] = fixture.service.inspect("app:1").image.layers;
    fixture.snapshots.contentSizes.set(layer?.chainId as Digest, "short".length);
    expect((await examine()).diagnoses).toEqual([]);
  });

  it("blobs and layers that nobody needs are removed, and those that somebody is bringing in are not", async () => {
    await loadOne();
    const stray = Buffer.from("stray");
    fixture.content.blobs.set(digestOf(stray), stray);
    const [below, above] = [digestOf("below"), digestOf("above")];
    fixture.snapshots.layers.set(below, undefined);
    fixture.snapshots.layers.set(above, below);
    const held = digestOf("held");
    fixture.content.blobs.set(held, Buffer.from("held"));
    await using assembly = fixture.service.openAssembly();
    await assembly.holdBlob(held);
    expect(told(await examine())).toEqual([
      ["orphan-blob", "found"],
      ["orphan-layer", "found"],
    ]);
    expect(told(await examine(true))).toEqual([
      ["orphan-blob", "repaired"],
      ["orphan-layer", "repaired"],
      ["orphan-layer", "repaired"],
    ]);
    expect((await examine()).diagnoses).toEqual([]);
    expect(fixture.content.blobs.has(held)).toBe(true);
  });

  it("a layer that a container stands on is nobody's orphan", async () => {
    const kept = digestOf("kept");
    fixture.snapshots.layers.set(kept, undefined);
    fixture.snapshots.pinned.add(kept);
    expect((await examine(true)).diagnoses).toEqual([]);
  });

  it("an examination that nobody waits for ends", async () => {
    await loadOne();
    await expect(fixture.service.examine({ repair: true }, AbortSignal.abort())).rejects.toThrow();
  });
});
