import { afterEach, beforeEach, expect, it } from "vitest";
import type { Digest } from "#spec/digest.ts";
import { digestOf } from "../record/image.ts";
import { configJson, dockerArchive, imageFixture, layerTar, load, never, type ImageFixture } from "../testing.ts";

let fixture: ImageFixture;
beforeEach(() => {
  fixture = imageFixture();
});
afterEach(() => fixture[Symbol.dispose]());

const layers = ["a", "b", "c"].map((name) => layerTar(name));
const stray = layerTar("stray");

it("removes at start what no image explains, and keeps the rest", async () => {
  await load(fixture, dockerArchive({ layers, tags: ["a:1"] }));
  await fixture.content.ingest([stray].values() as never, { limit: stray.length }, never);
  fixture.snapshots.layers.set(digestOf(stray), undefined);
  fixture.snapshots.layers.set(digestOf("above"), digestOf(stray));
  await fixture.service.sweepUnreferenced();
  expect(fixture.snapshots.layers.size).toBe(3);
  expect(new Set(fixture.content.blobs.keys())).toEqual(new Set([...layers.map(digestOf), digestOf(configJson(layers))]));
});

it("removes what a container had kept when it is gone, from the top down", async () => {
  await fixture.service.sweepUnreferenced();
  await load(fixture, dockerArchive({ layers, tags: ["a:1"] }));
  const top = fixture.service.inspect("a:1").storage.topLayer ?? expect.fail("no layer");
  fixture.snapshots.pinned.add(top);
  await fixture.service.remove({ name: "a:1", force: true, pruneParents: true });
  await fixture.service.sweepUnreferenced();
  expect(fixture.snapshots.layers.size).toBe(3);
  fixture.snapshots.pinned.clear();
  await fixture.service.sweepUnreferenced();
  expect(fixture.snapshots.layers.size).toBe(0);
});

it("leaves a kept layer alone that an image needs again", async () => {
  await load(fixture, dockerArchive({ layers, tags: ["a:1"] }));
  fixture.snapshots.pinned.add(fixture.service.inspect("a:1").storage.topLayer ?? expect.fail("no layer"));
  await fixture.service.remove({ name: "a:1", force: true, pruneParents: true });
  await load(fixture, dockerArchive({ layers, tags: ["b:1"] }));
  fixture.snapshots.pinned.clear();
  await fixture.service.sweepUnreferenced();
  await fixture.service.sweepUnreferenced();
  expect(fixture.snapshots.layers.size).toBe(3);
});

it("removes with the builder's record what that had kept of an image that is gone: the layers below, too", async () => {
  const needed = new Set<Digest>();
  using other = imageFixture({ keeper: { needsLayer: (chainId) => needed.has(chainId), needsBlob: () => false } });
  await load(other, dockerArchive({ layers, tags: ["base:1"] }));
  needed.add(other.service.inspect("base:1").storage.topLayer ?? expect.fail("no layer"));
  await other.service.remove({ name: "base:1", force: true, pruneParents: true });
  // That a container is gone changes nothing for the builder.
  await other.service.sweepUnreferenced();
  await other.service.sweepUnreferenced();
  expect(other.snapshots.layers.size).toBe(3);
  needed.clear();
  await other.service.collect([], []);
  expect(other.snapshots.layers.size).toBe(0);
});

it("does not sweep away what an image on its way in holds", async () => {
  await using assembly = fixture.service.openAssembly();
  const blob = await assembly.keepBytes(stray, never);
  await assembly.importLayer({ chainId: blob, parent: undefined, diffId: blob, blob }, never);
  await fixture.service.sweepUnreferenced();
  expect(fixture.snapshots.layers.size).toBe(1);
  expect(fixture.content.blobs.size).toBe(1);
  await assembly[Symbol.asyncDispose]();
  expect(fixture.snapshots.layers.size).toBe(0);
  expect(fixture.content.blobs.size).toBe(0);
});
