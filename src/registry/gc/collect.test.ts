import { readdirSync, statSync, utimesSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { mediaTypes } from "#spec/oci-image/types.ts";
import { type BlobDigest, digestOf } from "../protocol/digest.ts";
import { imageManifest, ServedRegistry } from "../testing.ts";
import { FolderUploads } from "../uploads/folder-uploads.ts";
import { Uploads } from "../uploads/uploads.ts";

const HOUR = 3_600_000;

let registry: ServedRegistry;
beforeEach(async () => {
  registry = await ServedRegistry.start({ graceMs: HOUR });
});
afterEach(async () => registry[Symbol.asyncDispose]());

const files = (folder: string): string[] =>
  readdirSync(join(registry.root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

/** As if all of it had been written yesterday. */
function age(): void {
  const yesterday = new Date(Date.now() - 24 * HOUR);
  for (const file of [...files("documents"), ...files("blobs")]) utimesSync(file, yesterday, yesterday);
}

const collect = () => registry.open.registry.collect();
const status = async (path: string, method = "GET"): Promise<number> => (await registry.fetch(path, { method })).status;
const blob = (digest: BlobDigest, repository = "a"): string => `/v2/${repository}/blobs/${digest}`;
const remove = (path: string): Promise<number> => status(path, "DELETE");

describe("garbage collection", () => {
  it("takes what nothing names, and nothing else", async () => {
    const kept = await registry.pushImage("a", "v1", ["kept", "shared"]);
    const gone = await registry.pushImage("a", "v2", ["gone", "shared"]);
    await registry.pushImage("b", "v1", ["gone"]);
    const stray = await registry.pushBlob("a", Buffer.from("stray"));
    await remove(`/v2/a/manifests/${gone.digest}`);
    age();
    expect(await collect()).toMatchObject({ manifests: 0, links: 3, blobs: 2 });
    expect(await status(blob(stray))).toBe(404);
    // Of the other repository it is still.
    expect([await status(blob(gone.layers[0] as BlobDigest)), await status(blob(gone.layers[0] as BlobDigest, "b"))]).toEqual([404, 200]);
    for (const digest of kept.layers) expect(await status(blob(digest))).toBe(200);
    expect(await status("/v2/a/manifests/v1")).toBe(200);
    age();
    expect(await collect()).toEqual({ manifests: 0, links: 0, blobs: 0, bytes: 0 });
  });

  it("leaves alone what is young", async () => {
    const digest = await registry.pushBlob("a", Buffer.from("young"));
    expect(await collect()).toMatchObject({ links: 0, blobs: 0 });
    expect(await status(blob(digest))).toBe(200);
  });

  it("leaves alone what a client was told is here", async () => {
    const digest = await registry.pushBlob("a", Buffer.from("asked for"));
    age();
    expect(await status(blob(digest), "HEAD")).toBe(200);
    expect(await collect()).toMatchObject({ links: 0, blobs: 0 });
    expect(await status(blob(digest))).toBe(200);
  });

  it("leaves alone what was mounted, and what was sent again", async () => {
    const digest = await registry.pushBlob("a", Buffer.from("mounted"));
    await remove(blob(digest));
    await registry.pushBlob("c", Buffer.from("mounted"));
    age();
    expect(await status(`/v2/b/blobs/uploads/?mount=${digest}&from=c`, "POST")).toBe(201);
    await registry.pushBlob("d", Buffer.from("mounted"));
    expect(await collect()).toMatchObject({ blobs: 0 });
    expect([await status(blob(digest, "b")), await status(blob(digest, "d"))]).toEqual([200, 200]);
  });

  it("takes nothing of a repository with a manifest that cannot be read", async () => {
    await registry.pushImage("a", "v1", ["one"]);
    const stray = await registry.pushBlob("a", Buffer.from("stray"));
    const [file = ""] = files("documents/repositories/a/manifests");
    await writeFile(file, "damaged");
    age();
    expect(await collect()).toEqual({ manifests: 0, links: 0, blobs: 0, bytes: 0 });
    expect(await status(blob(stray))).toBe(200);
  });

  it("takes entries of referrers whose manifest never came", async () => {
    const config = Buffer.from("{}");
    await registry.pushBlob("a", config);
    const subject = { mediaType: mediaTypes.ociManifest, digest: digestOf(Buffer.from("s")), size: 1 };
    const manifest = imageManifest(config, [], { subject });
    await registry.pushManifest("a", "t", manifest);
    const [entry = ""] = files("documents/repositories/a/referrers");
    await writeFile(entry.replace(/[0-9a-f]{64}$/, "0".repeat(64)), "{}");
    await collect();
    expect(files("documents/repositories/a/referrers")).toEqual([entry]);
  });

  it("takes manifests that nothing leads to when it is told to", async () => {
    await using other = await ServedRegistry.start({ graceMs: HOUR, collectUntagged: true });
    const first = registry;
    registry = other;
    try {
      const old = await other.pushImage("a", "latest", ["old"]);
      const now = await other.pushImage("a", "latest", ["new"]);
      const child = await other.pushImage("a", "child", ["child"]);
      const index = {
        schemaVersion: 2,
        mediaType: mediaTypes.ociIndex,
        manifests: [{ mediaType: mediaTypes.ociManifest, digest: child.digest, size: JSON.stringify(child.manifest).length }],
      };
      await other.pushManifest("a", "index", index);
      await remove("/v2/a/manifests/child");
      const subject = { mediaType: mediaTypes.ociManifest, digest: now.digest, size: JSON.stringify(now.manifest).length };
      const about = imageManifest(Buffer.from("{}"), [], { subject });
      await other.pushBlob("a", Buffer.from("{}"));
      const signature = await other.pushManifest("a", digestOf(Buffer.from(JSON.stringify(about))), about);
      age();
      expect(await collect()).toMatchObject({ manifests: 1 });
      const statuses = [old.digest, now.digest, child.digest, signature, "index"].map((reference) =>
        status(`/v2/a/manifests/${reference}`),
      );
      expect(await Promise.all(statuses)).toEqual([404, 200, 200, 200, 200]);
    } finally {
      registry = first;
    }
  });

  it("never loses a blob of a push that goes on, in 25 rounds of both", { timeout: 120_000 }, async () => {
    let isOver = false;
    const collecting = (async () => {
      let taken = 0;
      while (!isOver) taken += (await collect()).blobs;
      return taken;
    })();
    try {
      for (let round = 0; round < 25; round++) {
        age();
        await pushAsDockerDoes(`v${round % 3}`, [`layer ${round % 5}`, `layer ${round % 7}`]);
        await remove(`/v2/a/manifests/v${round % 3}`);
        const answer = await registry.fetch("/v2/a/tags/list");
        expect([200, 404]).toContain(answer.status);
        await removeManifests();
      }
    } finally {
      isOver = true;
    }
    // If it had nothing to take, this would have shown nothing.
    expect(await collecting).toBeGreaterThan(0);
  });
});

async function pushAsDockerDoes(tag: string, layers: readonly string[]): Promise<void> {
  const config = Buffer.from(JSON.stringify({ of: layers }));
  const blobs = layers.map((layer) => Buffer.from(layer));
  for (const bytes of [...blobs, config]) {
    if ((await status(blob(digestOf(bytes)), "HEAD")) !== 200) await registry.pushBlob("a", bytes);
  }
  await registry.pushManifest("a", tag, imageManifest(config, blobs));
  for (const bytes of [...blobs, config]) expect(await status(blob(digestOf(bytes)))).toBe(200);
}

async function removeManifests(): Promise<void> {
  for (const file of files("documents").filter((name) => name.includes("/manifests/"))) {
    await remove(`/v2/a/manifests/sha256:${file.slice(-64)}`);
  }
}

it("uploads that nobody goes on with expire", async () => {
  await using other = await ServedRegistry.start({ uploadExpiryMs: 50 });
  const begun = await other.fetch("/v2/a/blobs/uploads/", { method: "POST" });
  const uploads = await Uploads.open({ store: await FolderUploads.open(join(other.root, "uploads")) }, { mostOpen: 1, expiryMs: 50 });
  expect(uploads.size).toBe(1);
  await expect.poll(async () => (await uploads.expire()).length).toBe(1);
  expect(begun.status).toBe(202);
  expect(readdirSync(join(other.root, "uploads"))).toEqual([]);
  expect(statSync(join(other.root, "uploads")).mode & 0o077).toBe(0);
});
