/** What every storage of the registry has to do; each driver's test calls this. */
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type BlobDigest, digestOf } from "../protocol/digest.ts";
import type { RegistryStorage } from "./contract.ts";

const text = (value: string): Buffer => Buffer.from(value);

async function whole(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(source));
}

/** @param current a storage that is empty at the start of each test. */
export function registryStorageSuite(name: string, current: () => RegistryStorage): void {
  let spool: string;
  beforeAll(() => {
    spool = mkdtempSync(join(tmpdir(), "dhow-spool-"));
  });
  afterAll(() => rmSync(spool, { recursive: true, force: true }));

  const store = async (bytes: Buffer, algorithm?: "sha512"): Promise<BlobDigest> => {
    const file = join(spool, randomBytes(8).toString("hex"));
    writeFileSync(file, bytes);
    const digest = digestOf(bytes, algorithm);
    await current().storeBlob(digest, file);
    rmSync(file, { force: true });
    return digest;
  };

  describe(`${name}: documents`, () => {
    it("are there, are replaced, and go", async () => {
      expect(await current().get("a/b/c")).toBeUndefined();
      expect(await current().stat("a/b/c")).toBeUndefined();
      await current().put("a/b/c", text("one"));
      expect((await current().get("a/b/c"))?.toString()).toBe("one");
      await current().put("a/b/c", text("other"));
      expect((await current().get("a/b/c"))?.toString()).toBe("other");
      expect(await current().stat("a/b/c")).toEqual({ size: 5, writtenAt: expect.closeTo(Date.now(), -5) });
      await current().delete("a/b/c");
      await current().delete("a/b/c");
      expect(await current().get("a/b/c")).toBeUndefined();
    });

    it("may be empty", async () => {
      await current().put("a/empty", text(""));
      expect((await current().get("a/empty"))?.length).toBe(0);
    });

    it("are young again when they are written again", async () => {
      await current().put("a/b", text("x"));
      const before = (await current().stat("a/b"))?.writtenAt ?? 0;
      // Object stores count in seconds.
      await new Promise((resolve) => setTimeout(resolve, 1100));
      await current().put("a/b", text("x"));
      expect((await current().stat("a/b"))?.writtenAt).toBeGreaterThan(before);
    });

    it("are listed in order, each folder for itself", async () => {
      for (const key of ["r/b", "r/B", "r/a.1", "r/a", "r/x/1", "r/x-y/z/1", "r/x/2", "s/q"]) await current().put(key, text(key));
      expect(await Array.fromAsync(current().documents("r"))).toEqual(["B", "a", "a.1", "b"]);
      expect(await Array.fromAsync(current().documents("r", "a"))).toEqual(["a.1", "b"]);
      expect(await Array.fromAsync(current().documents("r", "a.0"))).toEqual(["a.1", "b"]);
      expect(await Array.fromAsync(current().documents("r/x"))).toEqual(["1", "2"]);
      expect(await Array.fromAsync(current().folders("r"))).toEqual(["x", "x-y"]);
      expect(await Array.fromAsync(current().folders("r", "x"))).toEqual(["x-y"]);
      expect(await Array.fromAsync(current().documents("none"))).toEqual([]);
      expect(await Array.fromAsync(current().folders("r/x"))).toEqual([]);
    });

    it("take their folder along with the last of them", async () => {
      await current().put("r/a+b/tags/x", text("1"));
      await current().delete("r/a+b/tags/x");
      expect(await Array.fromAsync(current().folders("r"))).toEqual([]);
      await current().put("r/a+b/tags/x", text("1"));
      expect(await Array.fromAsync(current().folders("r"))).toEqual(["a+b"]);
    });

    it("of one folder come and go at once", async () => {
      const rounds = Array.from({ length: 20 }, async (_, index) => {
        const key = `r/many/${index}`;
        await current().put(key, text(key));
        await current().delete(key);
        await current().put(key, text(key));
      });
      await Promise.all(rounds);
      expect(await Array.fromAsync(current().documents("r/many"))).toHaveLength(20);
    });

    it.each(["../x", "a/../b", "a//b", "/etc/passwd", "", "a/.b", "a/b/", "a\0b", "a b"])("take no %j for a key", async (key) => {
      await expect((async () => current().put(key, text("x")))()).rejects.toThrow("malformed storage key");
      await expect((async () => current().get(key))()).rejects.toThrow("malformed storage key");
      await expect((async () => current().delete(key))()).rejects.toThrow("malformed storage key");
    });
  });

  describe(`${name}: blobs`, () => {
    it.each([0, 1, 300_000, 6_000_000])("keeps %d bytes", async (size) => {
      const bytes = randomBytes(size);
      const digest = await store(bytes);
      expect(await current().statBlob(digest)).toMatchObject({ size });
      expect((await whole(current().readBlob(digest))).equals(bytes)).toBe(true);
      expect(await Array.fromAsync(current().blobs())).toEqual([digest]);
    });

    it("gives a part", async () => {
      const bytes = randomBytes(700_000);
      const digest = await store(bytes);
      expect((await whole(current().readBlob(digest, { start: 5, end: 600_000 }))).equals(bytes.subarray(5, 600_001))).toBe(true);
      expect((await whole(current().readBlob(digest, { start: 699_999, end: 699_999 }))).equals(bytes.subarray(699_999))).toBe(true);
    });

    it("knows both algorithms", async () => {
      const digest = await store(text("x"), "sha512");
      expect(digest).toMatch(/^sha512:/);
      expect((await whole(current().readBlob(digest))).toString()).toBe("x");
      expect(await Array.fromAsync(current().blobs())).toEqual([digest]);
    });

    it("takes the same one again", async () => {
      const digest = await store(text("same"));
      expect(await store(text("same"))).toBe(digest);
      expect(await Array.fromAsync(current().blobs())).toEqual([digest]);
    });

    it("lets go of them", async () => {
      const digest = await store(text("gone"));
      await current().deleteBlob(digest);
      await current().deleteBlob(digest);
      expect(await current().statBlob(digest)).toBeUndefined();
      await expect(whole(current().readBlob(digest))).rejects.toMatchObject({ code: "BLOB_UNKNOWN" });
    });

    it("takes no path for a digest", async () => {
      const evil = "sha256:../../../etc/passwd" as BlobDigest;
      await expect((async () => current().statBlob(evil))()).rejects.toMatchObject({ code: "DIGEST_INVALID" });
      await expect((async () => whole(current().readBlob(evil)))()).rejects.toMatchObject({ code: "DIGEST_INVALID" });
    });
  });
}
