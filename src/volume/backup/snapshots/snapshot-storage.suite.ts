import { describe, expect, it } from "vitest";
import { sha256 } from "./chunk.ts";
import type { SnapshotStorage } from "./contract.ts";

/** Without a pattern that a compressor or a cut could make use of. */
export function noise(megabytes: number, seed = 1): Buffer {
  const bytes = Buffer.alloc(megabytes << 20);
  for (let [index, state] = [0, seed]; index < bytes.length; index += 4) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    bytes.writeInt32LE(state ^ (state >>> 13), index);
  }
  return bytes;
}

export async function* stream(...pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) yield await Promise.resolve(piece);
}

export async function read(content: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of content) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces);
}

/** What every place of snapshots has to do. @param open an empty one. */
export function snapshotStorageSuite(name: string, open: () => SnapshotStorage): void {
  describe(`snapshots in ${name}`, () => {
    it("are what was given, by its digest, and only what is new is added", async () => {
      const storage = open();
      const large = noise(8);
      const first = await storage.add("data", stream(large));
      expect(first).toMatchObject({ id: sha256(large), volume: "data", size: large.length });
      const changed = Buffer.concat([Buffer.from("put in front"), large]);
      const second = await storage.add("data", stream(changed));
      expect(second.added).toBeLessThan(first.added / 2);
      expect(sha256(await read(storage.content(first)))).toBe(sha256(large));
      expect(sha256(await read(storage.content(await storage.find("data", second.id.slice(0, 12)))))).toBe(sha256(changed));
      expect((await storage.list("data")).map(({ id }) => id)).toEqual([first.id, second.id]);
    });

    it("of the same content are one, and of two volumes two", async () => {
      const storage = open();
      const content = noise(1);
      const [first, again, other] = [
        await storage.add("data", stream(content)),
        await storage.add("data", stream(content)),
        await storage.add(`other-${"x".repeat(200)}`, stream(content)),
      ];
      expect(again).toEqual(first);
      expect(other).toMatchObject({ id: first.id, added: 0 });
      expect(await storage.list("data")).toHaveLength(1);
      await storage.remove(first);
      expect(sha256(await read(storage.content(other)))).toBe(sha256(content));
      await expect(storage.remove(first)).rejects.toThrow(/no such|ENOENT/);
    });

    it("are not there by half when what is read of the volume breaks off", async () => {
      const storage = open();
      async function* broken(): AsyncGenerator<Uint8Array> {
        yield await Promise.resolve(noise(2));
        throw new Error("broke off");
      }
      await expect(storage.add("data", broken())).rejects.toThrow("broke off");
      expect(await storage.list("data")).toEqual([]);
      expect((await storage.add("data", stream(noise(2)))).size).toBe(2 << 20);
    });

    it("are found by the beginning of an id, and of nothing else", async () => {
      const storage = open();
      const { id } = await storage.add("data", stream(noise(1)));
      expect((await storage.find("data", id.slice(0, 1))).id).toBe(id);
      for (const wrong of ["", "../x", `${id}0`])
        await expect(storage.find("data", wrong)).rejects.toMatchObject({ category: "not-found" });
      await expect(storage.list("../data")).rejects.toThrow("includes invalid characters");
      expect(await storage.list("none")).toEqual([]);
    });
  });
}
