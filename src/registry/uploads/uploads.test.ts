import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { RepositoryName } from "../protocol/names.ts";
import type { FoundUpload, UploadStore } from "./contract.ts";
import { FolderUploads } from "./folder-uploads.ts";
import { Uploads } from "./uploads.ts";

const repository = "a" as RepositoryName;
const owner = { user: "ann", account: "ann" };
const options = { mostOpen: 2, expiryMs: 1000 };

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "dhow-uploads-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it.each([
  ["in a folder of its own", (store: FolderUploads): UploadStore => store],
  ["in a store where others find them too", shared],
])("§1.7 upload ranges: one that ends %s is found by nobody any more, before it is gone and after", async (_, wrap) => {
  const uploads = await Uploads.open({ store: wrap(await FolderUploads.open(folder)) }, options);
  const upload = await uploads.begin(repository, owner, "sha256");
  expect(await uploads.find(upload.id, repository, "ann")).toBe(upload);
  uploads.forget(upload);
  await expect(uploads.find(upload.id, repository, "ann")).rejects.toMatchObject({ code: "BLOB_UPLOAD_UNKNOWN" });
  await uploads.remove(upload);
  await expect(uploads.find(upload.id, repository, "ann")).rejects.toMatchObject({ code: "BLOB_UPLOAD_UNKNOWN" });
  expect(uploads.size).toBe(0);
});

it("those of the process before are found again, and counted", async () => {
  const before = await Uploads.open({ store: await FolderUploads.open(folder) }, options);
  const { id, data } = await before.begin(repository, owner, "sha256");
  await data.append(one(Buffer.from("four")), () => undefined, false);
  const found: number[] = [];
  const after = await Uploads.open({ store: await FolderUploads.open(folder), onFound: (upload) => found.push(upload.data.size) }, options);
  expect([(await after.find(id, repository, "ann")).data.size, found]).toEqual([4, [4]]);
  await expect(after.find(id, repository, "bob")).rejects.toMatchObject({ code: "BLOB_UPLOAD_UNKNOWN" });
});

it("§1.7 upload ranges: no more than are allowed are begun, also at once", async () => {
  const uploads = await Uploads.open({ store: await FolderUploads.open(folder) }, options);
  const begun = await Promise.allSettled(Array.from({ length: 20 }, () => uploads.begin(repository, owner, "sha256")));
  expect(begun.filter(({ status }) => status === "fulfilled")).toHaveLength(2);
});

/** As a bucket that other servers use: what is there is found when it is asked for. */
function shared(store: FolderUploads): UploadStore {
  const kept = new Map<string, FoundUpload>();
  return {
    restore: () => store.abandoned(),
    abandoned: () => store.abandoned(),
    async create(id, record) {
      const data = await store.create(id, record);
      kept.set(id, { id, record, data, lastUsed: 0 });
      return data;
    },
    find: async (id) => kept.get(id),
    async remove(id) {
      await store.remove(id);
      kept.delete(id);
    },
  };
}

async function* one(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
