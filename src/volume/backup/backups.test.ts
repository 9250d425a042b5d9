import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { packTar } from "#lib/tar-pack.ts";
import type { ViewRequest } from "#store/files/contract.ts";
import { createContainerFiles } from "#store/files/files.ts";
import { asked, useVolumes } from "../testing.ts";
import type { VolumeBackups, SnapshotPlace } from "./backups.ts";
import { MemoryRepository } from "./snapshots/memory-repository.ts";
import { chunksOf } from "./snapshots/chunker.ts";

const at = useVolumes();
const files = createContainerFiles();
const signal = new AbortController().signal;
let backups: VolumeBackups;
let frozen: (readonly string[])[];
const repository = new MemoryRepository();
const repositories: string[] = [];

afterAll(() => files.close());

beforeEach(async () => {
  const viewOf = (root: string): ViewRequest => ({
    root,
    readOnlyRoot: false,
    mounts: [],
    makeTargets: false,
    running: undefined,
    users: undefined,
  });
  frozen = [];
  backups = at().volumes.backups(
    {
      archives: {
        pack: async (folder, end) => (await files.pack(viewOf(folder), "/.", end)).body,
        ownerOnHost: ({ uid, gid }) => ({ uid, gid }),
        unpack: (folder, archive, end) => files.extract(viewOf(folder), { path: "/", archive, keepKinds: false, owner: undefined }, end),
      },
      whileFrozen: async (ids, work) => {
        frozen.push(ids);
        return await work();
      },
      openRepository: (asked) => {
        repositories.push(asked.name);
        return Promise.resolve(repository);
      },
    },
    join(at().base, "snapshots"),
  );
  await at().volumes.create(asked("data", { a: "b" }));
  mkdirSync(content("data", "sub"));
  writeFileSync(content("data", "sub/file"), "kept", { mode: 0o640 });
  chownSync(content("data", "sub/file"), 12, 34);
  symlinkSync("/etc/passwd", content("data", "link"));
  chownSync(content("data"), 5, 6);
  chmodSync(content("data"), 0o700);
});

const content = (volume: string, path = ""): string => join(at().root, volume, "_data", path);
/** A piece lives until the next is asked for. */
async function exported(compression: "zstd" | "none" = "zstd"): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of await backups.export("data", { compression, signal })) pieces.push(Uint8Array.from(piece));
  return Buffer.concat(pieces);
}
async function* stream(...pieces: Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) yield await Promise.resolve(piece);
}
/** What was there is there again. */
function expectSame(volume: string): void {
  expect(statSync(content(volume))).toMatchObject({ uid: 5, gid: 6 });
  expect(statSync(content(volume)).mode & 0o7777).toBe(0o700);
  expect(readdirSync(content(volume))).toEqual(["link", "sub"]);
  expect(readFileSync(content(volume, "sub/file"), "utf8")).toBe("kept");
  const { uid, gid, mode, mtimeMs } = statSync(content(volume, "sub/file"));
  expect({ uid, gid, mode: mode & 0o7777 }).toEqual({ uid: 12, gid: 34, mode: 0o640 });
  expect(Math.trunc(mtimeMs / 1000)).toBe(Math.trunc(statSync(content("data", "sub/file")).mtimeMs / 1000));
}
const leftovers = (): string[] => readdirSync(at().root).filter((name) => name.startsWith("."));

describe("an archive of a volume", () => {
  it.each(["zstd", "none"] as const)("brings it back: %s", async (compression) => {
    const archive = await exported(compression);
    expect(archive.subarray(0, 4).toString("hex") === "28b52ffd").toBe(compression === "zstd");
    await backups.import("copy", stream(archive.subarray(0, 700), archive.subarray(700)), signal);
    expectSame("copy");
    expect(readdirSync(join(at().root, "copy"))).toEqual(["_data"]);
    expect(frozen).toEqual([]);
  });

  it("is of one moment: who has the volume stands still, and the volume stays meanwhile", async () => {
    await at().plan("c1", { Binds: ["data:/x"] });
    const archive = await backups.export("data", { compression: "none", signal });
    expect(frozen).toEqual([["c1"]]);
    writeFileSync(content("data", "later"), "");
    await backups.import("copy", archive, signal);
    expectSame("copy");
    expect(leftovers()).toEqual([]);
    await at().volumes.release("c1", { removeAnonymous: true });
    const unread = await backups.export("data", { compression: "none", signal });
    await expect(at().volumes.remove("data", { force: true })).rejects.toThrow("volume is in use");
    // Nobody wants the rest.
    const pieces = unread[Symbol.asyncIterator]();
    await pieces.next();
    await pieces.return?.();
    await at().volumes.remove("data", { force: true });
  });

  it("that is cut, broken or none makes no volume, and fills none by half", async () => {
    for (const archive of await Promise.all([exported("zstd"), exported("none")])) {
      await expect(backups.import("copy", stream(archive.subarray(0, archive.length / 2)), signal)).rejects.toThrow(/broken|end/);
    }
    const damaged = await exported("zstd");
    damaged.fill(0xff, damaged.length - 8);
    await expect(backups.import("copy", stream(damaged), signal)).rejects.toThrow();
    await expect(backups.import("copy", stream(Buffer.from("no archive at all".repeat(100))), signal)).rejects.toThrow();
    expect(await at().list()).toEqual(["data"]);
    await at().volumes.create(asked("empty"));
    await expect(backups.import("empty", stream((await exported("none")).subarray(0, 1024)), signal)).rejects.toThrow();
    expect(readdirSync(content("empty"))).toEqual([]);
    expect(readdirSync(join(at().root, "empty"))).toEqual(["_data"]);
  });

  it("is not put over what is there, or under somebody's feet", async () => {
    await expect(backups.import("data", stream(await exported()), signal)).rejects.toMatchObject({ category: "conflict" });
    await at().plan("c", { Binds: ["used:/x"] });
    await expect(backups.import("used", stream(await exported()), signal)).rejects.toThrow("volume is in use");
    await expect(backups.import("../x", stream(), signal)).rejects.toThrow("includes invalid characters");
  });

  it("leads nowhere out of the volume", async () => {
    const archive = packTar([
      { name: "out", type: "symlink", mode: 0o777, linkname: at().base },
      { name: "out/planted", type: "file", mode: 0o644, data: Buffer.from("x") },
      { name: "../../../planted", type: "file", mode: 0o644, data: Buffer.from("x") },
    ]);
    await backups.import("copy", stream(archive), signal).catch(() => {});
    expect(existsSync(join(at().base, "planted"))).toBe(false);
    expect(existsSync(join(at().root, "planted"))).toBe(false);
  });
});

it("a clone has the content, the looks and the labels, and a name that was free", async () => {
  await backups.clone("data", "twin");
  expectSame("twin");
  expect((await at().volumes.inspect("twin")).labels).toEqual({ a: "b" });
  await expect(backups.clone("data", "twin")).rejects.toMatchObject({ category: "conflict" });
  await expect(backups.clone("none", "other")).rejects.toMatchObject({ category: "not-found" });
  expect(await at().list()).toEqual(["data", "twin"]);
});

describe("snapshots", () => {
  const chunkFiles = (): string[] =>
    readdirSync(join(at().base, "snapshots/chunks"), { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".zst"));

  it("share what they have in common, and bring a volume back that is no more", async () => {
    const large = Buffer.alloc(8 << 20);
    for (let index = 0; index < large.length; index += 4) large.writeInt32LE(Math.imul(index, 0x9e3779b1) | 0, index);
    writeFileSync(content("data", "sub/large"), large);
    const first = await backups.snapshot("data", undefined, signal);
    writeFileSync(content("data", "sub/large"), Buffer.concat([Buffer.from("put in front"), large]));
    const second = await backups.snapshot("data", undefined, signal);
    expect(second.added).toBeLessThan(first.added / 2);
    expect((await backups.snapshots("data", undefined, signal)).map(({ id }) => id)).toEqual([first.id, second.id]);
    await at().volumes.remove("data", { force: true });
    await backups.restore({ volume: "data", id: first.id.slice(0, 8), to: "again" }, undefined, signal);
    expect(readFileSync(content("again", "sub/large")).equals(large)).toBe(true);
    expect(statSync(content("again")).uid).toBe(5);
    const before = chunkFiles().length;
    await backups.removeSnapshot("data", first.id, undefined, signal);
    expect(chunkFiles().length).toBeLessThan(before);
    await backups.restore({ volume: "data", id: second.id, to: "later" }, undefined, signal);
    expect(statSync(content("later", "sub/large")).size).toBe(large.length + 12);
    await backups.removeSnapshot("data", second.id, undefined, signal);
    expect(chunkFiles()).toEqual([]);
    await expect(backups.removeSnapshot("data", second.id, undefined, signal)).rejects.toMatchObject({ category: "not-found" });
  });

  it("of the same content are one", async () => {
    const { id } = await backups.snapshot("data", undefined, signal);
    expect((await backups.snapshot("data", undefined, signal)).id).toBe(id);
    expect(await backups.snapshots("data", undefined, signal)).toHaveLength(1);
  });

  it.each(["changed", "gone"])("make no volume when a byte of them is %s", async (how) => {
    const { id } = await backups.snapshot("data", undefined, signal);
    const path = join(at().base, "snapshots/chunks", chunkFiles()[0] ?? "");
    if (how === "gone") writeFileSync(path, "");
    else writeFileSync(path, readFileSync(path).fill(7, 20, 24));
    await expect(backups.restore({ volume: "data", id, to: "again" }, undefined, signal)).rejects.toThrow("the snapshot is damaged");
    expect(await at().list()).toEqual(["data"]);
  });

  it("in a registry bring a volume back on a host that never had it, or nothing at all", async () => {
    const place: SnapshotPlace = { name: "registry/backups", auth: { credential: { kind: "anonymous" }, serverAddress: undefined } };
    const { id } = await backups.snapshot("data", place, signal);
    expect(existsSync(join(at().base, "snapshots"))).toBe(false);
    await at().volumes.remove("data", { force: true });
    const restored = { volume: "data", id: id.slice(0, 8), to: "again" };
    await backups.restore(restored, place, signal);
    expect(readFileSync(content("again", "sub/file"), "utf8")).toBe("kept");
    for (const [digest, bytes] of repository.blobs) if (bytes.length > 2) repository.blobs.set(digest, Buffer.alloc(bytes.length, 7));
    await expect(backups.restore({ ...restored, to: "damaged" }, place, signal)).rejects.toThrow("the snapshot is damaged");
    expect(await at().list()).toEqual(["again"]);
    expect(new Set(repositories)).toEqual(new Set(["registry/backups"]));
  });

  it("are found by names alone", async () => {
    await expect(backups.snapshots("../data", undefined, signal)).rejects.toThrow("includes invalid characters");
    await expect(backups.restore({ volume: "data", id: "../x", to: "other" }, undefined, signal)).rejects.toMatchObject({
      category: "not-found",
    });
  });
});

it("cuts a stream where its content says so, however it arrives", async () => {
  const bytes = Buffer.alloc(10 << 20);
  for (let index = 0; index < bytes.length; index += 4) bytes.writeInt32LE(Math.imul(index ^ (index >> 9), 0x85ebca6b) | 0, index);
  const cut = async (piece: number): Promise<Buffer[]> => {
    const pieces: Buffer[] = [];
    for (let index = 0; index < bytes.length; index += piece) pieces.push(bytes.subarray(index, index + piece));
    const chunks: Buffer[] = [];
    for await (const chunk of chunksOf(stream(...pieces))) chunks.push(chunk);
    return chunks;
  };
  const [whole, small] = [await cut(bytes.length), await cut(999)];
  expect(small.map(({ length }) => length)).toEqual(whole.map(({ length }) => length));
  expect(Buffer.concat(whole).equals(bytes)).toBe(true);
  expect(whole.every(({ length }) => length <= 4 << 20)).toBe(true);
});
