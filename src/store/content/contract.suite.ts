/** What every content store has to do. A store's test calls this, and so does a fake's. */
import { createHash, randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { Digest } from "#spec/digest.ts";
import type { ContentStore } from "./contract.ts";

const never = new AbortController().signal;
const LIMIT = 64 * 1024 * 1024;

export function digestOf(bytes: Uint8Array): Digest {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

export async function* pieces(bytes: Uint8Array, size = 16 * 1024): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

// oxlint-disable-next-line require-yield -- a source that must not be asked
async function* untouchable(): AsyncGenerator<Uint8Array> {
  await Promise.reject(new Error("the source was read"));
}

/** A stream that gives something and then nothing, for ever. */
async function* sleepy(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
  await sleep(60_000, undefined, { ref: false });
}

async function whole(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(source));
}

export function contentStoreSuite(name: string, current: () => ContentStore): void {
  const sizes = [0, 1, 1000, 256 * 1024, 256 * 1024 + 1, 3_000_000] as const;

  describe(`${name}: taking in`, () => {
    it.each(sizes)("keeps %d bytes", async (size) => {
      const bytes = randomBytes(size);
      const digest = digestOf(bytes);
      expect(current().sizeOf(digest)).toBeUndefined();
      expect(await current().ingest(pieces(bytes), { limit: LIMIT }, never)).toEqual({ digest, size });
      expect(current().sizeOf(digest)).toBe(size);
      expect((await current().read(digest, LIMIT)).equals(bytes)).toBe(true);
      expect(readFileSync(current().pathOf(digest)).equals(bytes)).toBe(true);
      expect([...current().list()]).toEqual([{ digest, size }]);
    });

    it("does not read a source whose blob is here", async () => {
      const bytes = randomBytes(10);
      const digest = digestOf(bytes);
      await current().ingest(pieces(bytes), { digest, size: 10, limit: LIMIT }, never);
      expect(await current().ingest(untouchable(), { digest, limit: LIMIT }, never)).toEqual({ digest, size: 10 });
      expect(await current().ingest(pieces(bytes), { limit: LIMIT }, never)).toEqual({ digest, size: 10 });
    });

    it.each<[string, number, (digest: Digest) => Parameters<ContentStore["ingest"]>[1], object]>([
      [
        "a small blob that is another",
        100,
        () => ({ digest: digestOf(Buffer.from("x")), limit: LIMIT }),
        { category: "invalid", code: "digest-mismatch" },
      ],
      [
        "a large blob that is another",
        1_000_000,
        () => ({ digest: digestOf(Buffer.from("x")), limit: LIMIT }),
        { category: "invalid", code: "digest-mismatch" },
      ],
      ["one that is too short", 100, (digest) => ({ digest, size: 101, limit: LIMIT }), { category: "invalid", code: "size-mismatch" }],
      [
        "a small one that is too long",
        100,
        (digest) => ({ digest, size: 99, limit: LIMIT }),
        { category: "invalid", code: "size-mismatch" },
      ],
      [
        "a large one that is too long",
        2_000_000,
        (digest) => ({ digest, size: 1_900_000, limit: LIMIT }),
        { category: "invalid", code: "size-mismatch" },
      ],
      ["a small one over the limit", 100, (digest) => ({ digest, limit: 99 }), { category: "too-large" }],
      ["a large one over the limit", 2_000_000, (digest) => ({ digest, limit: 1_000_000 }), { category: "too-large" }],
      ["one that says it will be over the limit", 100, (digest) => ({ digest, size: 1000, limit: 999 }), { category: "too-large" }],
    ])("refuses %s", async (_, size, expected, failure) => {
      const bytes = randomBytes(size);
      await expect(current().ingest(pieces(bytes), expected(digestOf(bytes)), never)).rejects.toMatchObject(failure);
      expect([...current().list()]).toEqual([]);
    });

    it.each([100, 2_000_000])("keeps nothing of a source that fails after %d bytes", async (size) => {
      async function* broken(): AsyncGenerator<Uint8Array> {
        yield* pieces(randomBytes(size));
        throw new Error("the peer hung up");
      }
      await expect(current().ingest(broken(), { limit: LIMIT }, never)).rejects.toThrow("the peer hung up");
      expect([...current().list()]).toEqual([]);
    });

    it.each([100, 1_000_000])("stops when it is cancelled, with a source that sleeps after %d bytes", async (size) => {
      const abort = new AbortController();
      const work = current().ingest(sleepy(randomBytes(size)), { limit: LIMIT }, abort.signal);
      setTimeout(() => {
        abort.abort();
      }, 20);
      await expect(work).rejects.toMatchObject({ category: "cancelled" });
      expect([...current().list()]).toEqual([]);
    });

    it("lets the same blob come in once", async () => {
      const bytes = randomBytes(1_000_000);
      const expected = { digest: digestOf(bytes), size: bytes.length, limit: LIMIT };
      const found = await Promise.all([
        current().ingest(pieces(bytes), expected, never),
        current().ingest(untouchable(), expected, never),
        current().ingest(untouchable(), expected, never),
      ]);
      expect(found).toEqual(Array(3).fill({ digest: expected.digest, size: bytes.length }));
    });

    it("lets the next try when the first one fails or goes away", async () => {
      const bytes = randomBytes(1000);
      const expected = { digest: digestOf(bytes), limit: LIMIT };
      const abort = new AbortController();
      const first = current().ingest(sleepy(bytes), expected, abort.signal);
      const second = current().ingest(pieces(bytes), expected, never);
      abort.abort();
      await expect(first).rejects.toMatchObject({ category: "cancelled" });
      await expect(second).resolves.toMatchObject({ size: 1000 });
    });

    it("does not make one wait who goes away", async () => {
      const bytes = randomBytes(1000);
      const expected = { digest: digestOf(bytes), limit: LIMIT };
      const [one, two] = [new AbortController(), new AbortController()];
      const first = current().ingest(sleepy(bytes), expected, one.signal);
      const second = current().ingest(pieces(bytes), expected, two.signal);
      two.abort();
      await expect(second).rejects.toMatchObject({ category: "cancelled" });
      one.abort();
      await expect(first).rejects.toMatchObject({ category: "cancelled" });
    });

    it("takes in many at once", async () => {
      const blobs = Array.from({ length: 20 }, (_, index) => randomBytes(300_000 + index));
      const found = await Promise.all(blobs.map((bytes) => current().ingest(pieces(bytes), { limit: LIMIT }, never)));
      expect(found.map(({ digest }) => digest)).toEqual(blobs.map(digestOf));
    });
  });

  describe(`${name}: giving out`, () => {
    it("streams from an offset", async () => {
      const bytes = randomBytes(600_000);
      const { digest } = await current().ingest(pieces(bytes), { limit: LIMIT }, never);
      expect((await whole(current().stream(digest))).equals(bytes)).toBe(true);
      expect((await whole(current().stream(digest, 123_456))).equals(bytes.subarray(123_456))).toBe(true);
    });

    it("bounds what is read at once", async () => {
      const { digest } = await current().ingest(pieces(randomBytes(100)), { limit: LIMIT }, never);
      await expect(current().read(digest, 99)).rejects.toMatchObject({ category: "too-large" });
    });

    it("says that a blob is not here", async () => {
      const digest = digestOf(Buffer.from("not here"));
      expect(() => current().pathOf(digest)).toThrow(expect.objectContaining({ category: "not-found" }));
      await expect(current().read(digest, LIMIT)).rejects.toMatchObject({ category: "not-found" });
      await expect((async () => whole(current().stream(digest)))()).rejects.toMatchObject({ category: "not-found" });
    });

    it("takes no path for a digest", () => {
      for (const evil of ["sha256:../../../etc/passwd", "sha256:", `sha256:${"A".repeat(64)}`, "md5:x", ""]) {
        expect(() => current().pathOf(evil as Digest)).toThrow(expect.objectContaining({ category: "invalid" }));
      }
    });

    it("removes, and minds nothing that is missing", async () => {
      const { digest } = await current().ingest(pieces(randomBytes(100)), { limit: LIMIT }, never);
      const path = current().pathOf(digest);
      await current().remove(digest);
      await current().remove(digest);
      expect(current().sizeOf(digest)).toBeUndefined();
      expect(existsSync(path)).toBe(false);
    });
  });
}
