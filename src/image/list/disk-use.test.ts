import { afterEach, beforeEach, expect, it } from "vitest";
import type { Digest } from "#spec/digest.ts";
import { digestOf } from "../record/image.ts";
import { dockerArchive, imageFixture, LAYER_BYTES, layerTar, load, type ImageFixture } from "../testing.ts";
let fixture: ImageFixture;
beforeEach(() => {
  fixture = imageFixture();
});
afterEach(() => fixture[Symbol.dispose]());

it("counts layers, archives and configurations once, and tells what images share", async () => {
  const [shared, first, second] = ["shared", "first", "second"].map((name) => layerTar(name));
  const images = [
    [shared, first],
    [shared, second],
  ].map((layers) => layers.filter((layer) => layer !== undefined));
  for (const [index, layers] of images.entries()) await load(fixture, dockerArchive({ layers, tags: [`app:${index}`] }));
  const { total, archives, images: uses } = await fixture.service.diskUse();
  const blobs = [...fixture.content.blobs.values()].reduce((sum, { length }) => sum + length, 0);
  const layers = fixture.snapshots.list().layers.length;
  expect([layers, archives, total]).toEqual([3, blobs, blobs + 3 * LAYER_BYTES]);
  const bytesOf = (digest: Digest): number => fixture.content.blobs.get(digest)?.length ?? 0;
  for (const { listed, use } of uses) {
    const own = fixture.service.images.blobsOf(listed.image.id).reduce((sum, digest) => sum + bytesOf(digest), 0);
    expect(use).toEqual({ total: own + 2 * LAYER_BYTES, archives: own, shared: LAYER_BYTES + bytesOf(digestOf(shared ?? "")) });
  }
  expect(uses).toHaveLength(2);
});

it("counts nothing for what is gone", async () => {
  const layer = layerTar("lost");
  await load(fixture, dockerArchive({ layers: [layer], tags: ["app:1"] }));
  fixture.snapshots.layers.clear();
  fixture.content.blobs.clear();
  expect(await fixture.service.diskUse()).toMatchObject({ total: 0, archives: 0, images: [{ use: { total: 0, archives: 0, shared: 0 } }] });
});
