import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { removeFile } from "../storage/durable-files.ts";
import type { FoundUpload, UploadData, UploadRecord, UploadStore } from "./contract.ts";
import { UploadFile } from "./upload-file.ts";

const ID = /^[A-Za-z0-9_-]{22}$/;

/** Uploads in a folder of this process alone, each a file of its own and a small one that says whose it is. */
export class FolderUploads implements UploadStore {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async open(folder: string): Promise<FolderUploads> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return new FolderUploads(folder);
  }

  async *restore(): AsyncGenerator<FoundUpload> {
    const names = await readdir(this.#folder);
    const found = new Set<string>();
    for (const name of names) {
      const upload = name.endsWith(".json") ? await this.#read(name.slice(0, -".json".length)) : undefined;
      if (upload === undefined) continue;
      found.add(upload.id);
      yield upload;
    }
    for (const name of names) if (!found.has(name.replace(/\.json$/, ""))) await removeFile(join(this.#folder, name));
  }

  async create(id: string, { repository, user, account, algorithm }: UploadRecord): Promise<UploadData> {
    await writeFile(this.#recordOf(id), JSON.stringify({ repository, user, account, algorithm }), { flag: "wx", mode: 0o600 });
    await writeFile(this.#dataOf(id), "", { flag: "wx", mode: 0o600 });
    return new UploadFile(this.#dataOf(id), 0, algorithm);
  }

  /** All there are were restored, and nobody else makes any. */
  async find(): Promise<undefined> {
    return undefined;
  }

  async *abandoned(): AsyncGenerator<FoundUpload> {
    // The same.
  }

  async remove(id: string): Promise<void> {
    await removeFile(this.#dataOf(id));
    await removeFile(this.#recordOf(id));
  }

  async #read(id: string): Promise<FoundUpload | undefined> {
    const record = ID.test(id) ? await readRecord(this.#recordOf(id)) : undefined;
    if (record === undefined) return undefined;
    const found = await stat(this.#dataOf(id)).catch(() => undefined);
    const data = new UploadFile(this.#dataOf(id), found?.size ?? 0, record.algorithm);
    return { id, record, data, lastUsed: found?.mtimeMs ?? 0 };
  }

  #dataOf(id: string): string {
    return join(this.#folder, id);
  }

  #recordOf(id: string): string {
    return join(this.#folder, `${id}.json`);
  }
}

/** Undefined for what was not written to its end. */
async function readRecord(path: string): Promise<UploadRecord | undefined> {
  try {
    return JSON.parse(await readFile(path, "utf8")) as UploadRecord;
  } catch {
    return undefined;
  }
}
