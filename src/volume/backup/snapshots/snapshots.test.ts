import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { sha256 } from "./chunk.ts";
import { FolderSnapshots } from "./folder-snapshots.ts";
import { MemoryRepository } from "./memory-repository.ts";
import { RepositorySnapshots } from "./repository-snapshots.ts";
import { CHUNKS_PER_PART, partDocument, readPart } from "./snapshot-document.ts";
import { noise, read, snapshotStorageSuite, stream } from "./snapshot-storage.suite.ts";

const folder = mkdtempSync(join(tmpdir(), "snapshots-"));
afterAll(() => rmSync(folder, { recursive: true }));
let count = 0;

snapshotStorageSuite("a folder", () => new FolderSnapshots(join(folder, String(count++))));
snapshotStorageSuite("a repository", () => new RepositorySnapshots(new MemoryRepository()));

it("asks a registry nothing about what the newest snapshot has", async () => {
  const repository = new MemoryRepository();
  const storage = new RepositorySnapshots(repository);
  const large = noise(8);
  await storage.add("data", stream(large));
  repository.calls.length = 0;
  await storage.add("data", stream(large, Buffer.from("put behind")));
  expect(repository.calls.filter((call) => call === "put")).toHaveLength(1);
  expect(repository.calls.filter((call) => call === "has")).toHaveLength(2);
});

it("leaves no snapshot in a registry whose connection breaks at whichever request, and needs only the rest for the next", async () => {
  const content = noise(1);
  const calls = async (repository: MemoryRepository): Promise<unknown> =>
    await new RepositorySnapshots(repository).add("data", stream(content));
  const whole = new MemoryRepository();
  await calls(whole);
  for (let failAt = 1; failAt <= whole.calls.length; failAt++) {
    const repository = new MemoryRepository();
    repository.failAt = failAt;
    await expect(calls(repository)).rejects.toThrow("the connection was reset");
    repository.failAt = Number.POSITIVE_INFINITY;
    const storage = new RepositorySnapshots(repository);
    expect(await storage.list("data")).toEqual([]);
    expect(sha256(await read(storage.content(await storage.add("data", stream(content)))))).toBe(sha256(content));
  }
});

it("takes a registry's documents for nothing that they do not say of themselves", async () => {
  const repository = new MemoryRepository();
  const storage = new RepositorySnapshots(repository);
  const [first, second] = [await storage.add("data", stream(noise(1))), await storage.add("data", stream(noise(1, 2)))];
  const tag = (id: string): string => [...repository.manifests.keys()].find((name) => name.startsWith(id)) ?? "";
  const [one, two] = [repository.manifests.get(tag(first.id)), repository.manifests.get(tag(second.id))];
  repository.manifests.set(tag(first.id), two as NonNullable<typeof two>);
  await expect(read(storage.content(first))).rejects.toThrow("its tag names another one");
  for (const text of ["", "[]", '{"artifactType":"x"}', one?.bytes.toString().replace(/"dev.dhow.snapshot.size":"\d+"/, '"x":"1"') ?? ""]) {
    repository.manifests.set(tag(first.id), { ...(one as NonNullable<typeof one>), bytes: Buffer.from(text) });
    await expect(read(storage.content(first))).rejects.toThrow("the snapshot is damaged");
  }
  repository.manifests.set(tag(first.id), one as NonNullable<typeof one>);
  for (const digest of repository.blobs.keys()) repository.blobs.set(digest, Buffer.from("other bytes"));
  await expect(read(storage.content(first))).rejects.toThrow("has changed");
});

it("has documents that registries take: at most 4 MiB, however large the volume is", () => {
  const digest = `sha256:${"a".repeat(64)}` as const;
  const chunks = Array.from({ length: CHUNKS_PER_PART }, () => ({ digest, size: 4_194_304 }));
  const { bytes } = partDocument(chunks);
  expect(bytes.length).toBeLessThan(1 << 20);
  expect(readPart(bytes)).toEqual(chunks);
});
