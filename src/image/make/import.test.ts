import { execFileSync } from "node:child_process";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { afterEach, beforeEach, expect, it } from "vitest";
import { digestOf } from "../record/image.ts";
import type { ImportInput } from "./import.ts";
import { chunked, imageFixture, layerTar, never, type ImageFixture } from "../testing.ts";

let fixture: ImageFixture;
beforeEach(() => {
  fixture = imageFixture();
});
afterEach(() => fixture[Symbol.dispose]());

/** By the host's own program. */
function compressedBy(program: "xz" | "bzip2", bytes: Buffer): Buffer {
  return execFileSync(program, ["-c"], { input: bytes });
}

const root = layerTar("bin", "12345");
const input = (extra: Partial<ImportInput> = {}): ImportInput => ({
  archive: chunked(root),
  repo: "rootfs",
  tag: "",
  message: "Imported from -",
  changes: ['CMD ["sh"]', "ENV A=1"],
  platform: undefined,
  ...extra,
});

it.each([
  ["plain", root],
  ["gzip", gzipSync(root)],
  ["zstd", zstdCompressSync(root)],
  ["xz", compressedBy("xz", root)],
  ["bzip2", compressedBy("bzip2", root)],
])("makes an image of one layer from a %s archive", async (_, archive) => {
  const id = await fixture.service.import(input({ archive: chunked(archive) }), never);
  const { image, size } = fixture.service.inspect("rootfs:latest");
  expect(image.id).toBe(id);
  expect(size).toBe(5);
  expect(image.layers).toMatchObject([{ diffId: digestOf(root), blob: { digest: digestOf(root) } }]);
  expect(image.config).toMatchObject({
    comment: "Imported from -",
    os: "linux",
    architecture: "amd64",
    config: { Cmd: ["sh"], Env: ["A=1"] },
  });
  expect(fixture.events).toMatchObject([{ action: "import", id }]);
  expect(new Set(fixture.content.blobs.keys())).toEqual(new Set([id, digestOf(root)]));
});

it("makes an image without a name", async () => {
  const id = await fixture.service.import(input({ repo: "" }), never);
  expect(fixture.service.inspect(id).image.references).toEqual([]);
});

it.each<[string, Partial<ImportInput>, string]>([
  ["a bad name", { repo: "A" }, "must be lowercase"],
  ["a digest for a name", { repo: `a@sha256:${"a".repeat(64)}` }, "cannot import digest reference"],
  ["a name that reads as a digest", { repo: "sha256" }, "refusing to create an ambiguous tag"],
  ["a bad tag", { tag: "-" }, "invalid tag format"],
  ["a bad change", { changes: ["RUN x"] }, "RUN is not a valid change command"],
  ["xz that breaks off", { archive: chunked(compressedBy("xz", root).subarray(0, -20)) }, "stream is broken"],
  ["gzip with junk behind it", { archive: chunked(Buffer.concat([gzipSync(root), Buffer.from("junk")])) }, "stream is broken"],
  ["no archive", { archive: chunked(Buffer.from("x".repeat(600))) }, "checksum"],
])("refuses %s, and keeps nothing", async (_, extra, message) => {
  await expect(fixture.service.import(input(extra), never)).rejects.toThrow(message);
  expect(fixture.content.list()).toEqual([]);
  expect(fixture.service.images.all()).toEqual([]);
});
