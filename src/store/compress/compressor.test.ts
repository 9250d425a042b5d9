import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, expect, it } from "vitest";
import { isEngineError } from "#errors/engine-error.ts";
import { findIgzipDeflate } from "#sys/codecs/igzip-deflate.ts";
import { RingReader, RingWriter } from "../files/ring.ts";
import { createCompressor } from "./compressor.ts";
import { compressByNode, Output, Source } from "./run-job.ts";

const folder = mkdtempSync(join(tmpdir(), "dhow-compress-"));
const compressor = createCompressor({ threads: 2, idleMs: 100 });
const never = new AbortController().signal;
const sha = (bytes: Uint8Array): string => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

afterAll(async () => {
  await compressor.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Half of it cannot be compressed: more output than the ring holds at a time. */
const large = Buffer.concat([randomBytes(6_000_000), Buffer.alloc(6_000_000, "layer")]);

function fileOf(bytes: Uint8Array): string {
  const path = join(folder, randomBytes(6).toString("hex"));
  writeFileSync(path, bytes);
  return path;
}

async function compressed(bytes: Uint8Array): Promise<{ gzip: Buffer; result: unknown }> {
  const { pieces, result } = compressor.compress(fileOf(bytes), never);
  const parts: Buffer[] = [];
  for await (const piece of pieces) parts.push(Buffer.from(piece));
  return { gzip: Buffer.concat(parts), result: await result };
}

it.each([
  ["nothing", Buffer.alloc(0)],
  ["a byte", Buffer.from("x")],
  ["exactly a piece", Buffer.alloc(1024 * 1024, "ab")],
  ["a piece that cannot be compressed, and a byte", randomBytes(1024 * 1024 + 1)],
  ["more than the ring holds", large],
])("gives the gzip of %s, with both digests", async (_, bytes) => {
  const { gzip, result } = await compressed(bytes);
  expect(gunzipSync(gzip).equals(bytes)).toBe(true);
  expect(result).toEqual({ digest: sha(gzip), size: gzip.length, sourceDigest: sha(bytes) });
});

it("gives the same bytes again", async () => {
  expect((await compressed(large)).gzip.equals((await compressed(large)).gzip)).toBe(true);
});

it.skipIf(findIgzipDeflate() === undefined)("makes of each piece what it makes of it alone, whoever made the one before", async () => {
  const parts = [randomBytes(1024 * 1024), Buffer.alloc(1024 * 1024, "layer"), large.subarray(5_500_000, 5_500_000 + 1024 * 1024)];
  const pieces = [...parts, ...parts, Buffer.from("the rest")];
  const alone = await Promise.all(pieces.map(async (piece) => (await compressed(piece)).gzip));
  expect((await compressed(Buffer.concat(pieces))).gzip.equals(Buffer.concat(alone))).toBe(true);
});

it("does as well without ISA-L", async () => {
  const reader = new RingReader();
  const gzip: Buffer[] = [];
  const taking = (async () => {
    for await (const piece of reader.pieces()) gzip.push(Buffer.from(piece));
  })();
  const bytes = large.subarray(0, 2_000_000);
  using source = new Source(fileOf(bytes));
  const output = new Output(new RingWriter(reader.memory, (length) => reader.arrive(length)));
  await compressByNode(source, output);
  const digest = output.digest();
  reader.end();
  await taking;
  expect(gunzipSync(Buffer.concat(gzip)).equals(bytes)).toBe(true);
  expect([digest, source.digest()]).toEqual([sha(Buffer.concat(gzip)), sha(bytes)]);
});

it("says what is missing, and takes the next job", async () => {
  const { pieces, result } = compressor.compress(join(folder, "missing"), never);
  await expect(Array.fromAsync(pieces)).rejects.toThrow(/ENOENT/);
  await expect(result).rejects.toSatisfy((error) => isEngineError(error, "system"));
  expect(gunzipSync((await compressed(Buffer.from("next"))).gzip).toString()).toBe("next");
});

it.each(["leaves", "aborts"])("ends when the reader %s, with nothing left that waits", async (how) => {
  const abort = new AbortController();
  const { pieces, result } = compressor.compress(fileOf(large), abort.signal);
  result.catch(() => undefined);
  const reading = (async () => {
    for await (const _ of pieces) {
      if (how === "leaves") return;
      abort.abort();
    }
  })();
  await reading.catch(() => undefined);
  await expect(result).rejects.toSatisfy((error) => isEngineError(error, "cancelled"));
  expect(gunzipSync((await compressed(Buffer.from("next"))).gzip).toString()).toBe("next");
});
