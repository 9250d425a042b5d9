import { randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { DigestAlgorithm } from "../protocol/digest.ts";
import type { RepositoryName } from "../protocol/names.ts";
import { RegistryError } from "../protocol/registry-error.ts";
import { removeFile } from "../storage/durable-files.ts";
import { UploadFile } from "./upload-file.ts";

export interface UploadsOptions {
  /** On this machine, whatever the storage is: only what was found to be right goes there. */
  readonly folder: string;
  /** Open at a time, for each who sends. */
  readonly mostOpen: number;
  /** After so long without a byte an upload is gone. */
  readonly expiryMs: number;
}

/** Who began an upload; nobody else may go on with it. */
export interface Owner {
  /** Undefined for somebody unknown. */
  readonly user: string | undefined;
  /** Whom open uploads are counted for: a user, or an address. */
  readonly account: string;
}

/** What is written down of an upload, so that it outlives the process. */
interface UploadRecord {
  readonly repository: RepositoryName;
  readonly user: string | undefined;
  readonly account: string;
  readonly algorithm: DigestAlgorithm;
}

export interface Upload extends UploadRecord {
  readonly id: string;
  readonly file: UploadFile;
  /** Somebody is writing to it or finishing it. */
  busy: boolean;
  /** ms since 1970. */
  lastUsed: number;
}

const ID = /^[A-Za-z0-9_-]{22}$/;

/** Blobs on their way in, each a file of its own and a small one that says whose it is. */
export class Uploads {
  readonly #options: UploadsOptions;
  readonly #now: () => number;
  readonly #open = new Map<string, Upload>();

  private constructor(options: UploadsOptions, now: () => number) {
    this.#options = options;
    this.#now = now;
  }

  /** Finds the uploads of the process before again: a client may go on with them. */
  static async open(options: UploadsOptions, now: () => number = Date.now): Promise<Uploads> {
    const uploads = new Uploads(options, now);
    await mkdir(options.folder, { recursive: true, mode: 0o700 });
    const names = await readdir(options.folder);
    for (const name of names) await uploads.#restore(name);
    for (const name of names) if (!uploads.#open.has(name.replace(/\.json$/, ""))) await removeFile(join(options.folder, name));
    return uploads;
  }

  get size(): number {
    return this.#open.size;
  }

  [Symbol.iterator](): IterableIterator<Upload> {
    return this.#open.values();
  }

  /** @throws RegistryError `TOOMANYREQUESTS` over the number that one may have. */
  async begin(repository: RepositoryName, { user, account }: Owner, algorithm: DigestAlgorithm): Promise<Upload> {
    const theirs = [...this.#open.values()].filter((other) => other.account === account).length;
    if (theirs >= this.#options.mostOpen) {
      throw new RegistryError("TOOMANYREQUESTS", `${this.#options.mostOpen} uploads are open; finish or delete some first`);
    }
    const id = randomBytes(16).toString("base64url");
    const upload = this.#keep(id, { repository, user, account, algorithm }, 0);
    try {
      const { algorithm: wanted } = upload;
      await writeFile(this.#recordOf(id), JSON.stringify({ repository, user, account, algorithm: wanted }), { flag: "wx", mode: 0o600 });
      await writeFile(upload.file.path, "", { flag: "wx", mode: 0o600 });
    } catch (error) {
      await this.remove(upload);
      throw error;
    }
    return upload;
  }

  /** @throws RegistryError `BLOB_UPLOAD_UNKNOWN`, also for another's, or of another repository. */
  find(id: string, repository: RepositoryName, user: string | undefined): Upload {
    const upload = this.#open.get(id);
    if (upload?.repository === repository && upload.user === user) return upload;
    throw new RegistryError("BLOB_UPLOAD_UNKNOWN", "there is no such upload");
  }

  /** Works on an upload while nobody else may. @throws RegistryError `BLOB_UPLOAD_INVALID` when somebody does. */
  async use<T>(upload: Upload, work: () => Promise<T>): Promise<T> {
    if (upload.busy) throw new RegistryError("BLOB_UPLOAD_INVALID", "another request is writing to this upload");
    upload.busy = true;
    try {
      return await work();
    } finally {
      upload.busy = false;
      upload.lastUsed = this.#now();
    }
  }

  /** From now on there is no such upload. @returns the bytes that counted for it; none the second time. */
  forget(upload: Upload): number {
    return this.#open.delete(upload.id) ? upload.file.size : 0;
  }

  async remove(upload: Upload): Promise<void> {
    this.#open.delete(upload.id);
    await removeFile(upload.file.path);
    await removeFile(this.#recordOf(upload.id));
  }

  /** Removes those that nobody has sent anything to for long. @returns how many. */
  async expire(): Promise<readonly Upload[]> {
    const late = [...this.#open.values()].filter(({ busy, lastUsed }) => !busy && this.#now() - lastUsed > this.#options.expiryMs);
    for (const upload of late) await this.remove(upload);
    return late;
  }

  async #restore(name: string): Promise<void> {
    const id = name.replace(/\.json$/, "");
    const record = ID.test(id) && name !== id ? await readRecord(join(this.#options.folder, name)) : undefined;
    if (record === undefined) return;
    const found = await stat(this.#dataOf(id)).catch(() => undefined);
    this.#keep(id, record, found?.size ?? 0).lastUsed = found?.mtimeMs ?? 0;
  }

  #keep(id: string, record: UploadRecord, size: number): Upload {
    const file = new UploadFile(this.#dataOf(id), size, record.algorithm);
    const upload: Upload = { ...record, id, file, busy: false, lastUsed: this.#now() };
    this.#open.set(id, upload);
    return upload;
  }

  #dataOf(id: string): string {
    return join(this.#options.folder, id);
  }

  #recordOf(id: string): string {
    return join(this.#options.folder, `${id}.json`);
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
