import { randomBytes } from "node:crypto";
import type { DigestAlgorithm } from "../protocol/digest.ts";
import type { RepositoryName } from "../protocol/names.ts";
import { RegistryError } from "../protocol/registry-error.ts";
import type { FoundUpload, UploadData, UploadRecord, UploadStore } from "./contract.ts";

export interface UploadsOptions {
  /** Open at a time, for each who sends. */
  readonly mostOpen: number;
  /** After so long without a byte an upload is gone. */
  readonly expiryMs: number;
}

export interface UploadsDeps {
  readonly store: UploadStore;
  /** Is told of each that another process has begun. */
  readonly onFound?: (upload: Upload) => void;
  readonly now?: () => number;
}

/** Who began an upload; nobody else may go on with it. */
export interface Owner {
  /** Undefined for somebody unknown. */
  readonly user: string | undefined;
  /** Whom open uploads are counted for: a user, or an address. */
  readonly account: string;
}

export interface Upload extends UploadRecord {
  readonly id: string;
  readonly data: UploadData;
  /** Somebody is writing to it or finishing it. */
  busy: boolean;
  /** ms since 1970. */
  lastUsed: number;
}

/** Blobs on their way in. */
export class Uploads {
  readonly #store: UploadStore;
  readonly #options: UploadsOptions;
  readonly #onFound: (upload: Upload) => void;
  readonly #now: () => number;
  readonly #open = new Map<string, Upload>();
  /** Those that end: in the store they are still there, and nobody may find them again. */
  readonly #ending = new Set<string>();

  private constructor({ store, onFound = () => undefined, now = Date.now }: UploadsDeps, options: UploadsOptions) {
    this.#store = store;
    this.#onFound = onFound;
    this.#now = now;
    this.#options = options;
  }

  /** Finds the uploads of the process before again: a client may go on with them. */
  static async open(deps: UploadsDeps, options: UploadsOptions): Promise<Uploads> {
    const uploads = new Uploads(deps, options);
    for await (const found of deps.store.restore()) uploads.#found(found);
    return uploads;
  }

  get size(): number {
    return this.#open.size;
  }

  /** @throws RegistryError `TOOMANYREQUESTS` over the number that one may have. */
  async begin(repository: RepositoryName, { user, account }: Owner, algorithm: DigestAlgorithm): Promise<Upload> {
    const theirs = [...this.#open.values()].filter((other) => other.account === account).length;
    if (theirs >= this.#options.mostOpen) {
      throw new RegistryError("TOOMANYREQUESTS", `${this.#options.mostOpen} uploads are open; finish or delete some first`);
    }
    const id = randomBytes(16).toString("base64url");
    const record = { repository, user, account, algorithm };
    const nothing = emptyData();
    // Counts from now on: many may begin at once.
    this.#open.set(id, { ...record, id, data: nothing, busy: true, lastUsed: this.#now() });
    try {
      const upload = { ...record, id, data: await this.#store.create(id, record), busy: false, lastUsed: this.#now() };
      this.#open.set(id, upload);
      return upload;
    } catch (error) {
      this.#open.delete(id);
      await this.#store.remove(id, nothing).catch(() => undefined);
      throw error;
    }
  }

  /** @throws RegistryError `BLOB_UPLOAD_UNKNOWN`, also for another's, or of another repository. */
  async find(id: string, repository: RepositoryName, user: string | undefined): Promise<Upload> {
    const upload = this.#open.get(id) ?? (await this.#look(id));
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
    this.#ending.add(upload.id);
    return this.#open.delete(upload.id) ? upload.data.size : 0;
  }

  async remove(upload: Upload): Promise<void> {
    this.#ending.add(upload.id);
    this.#open.delete(upload.id);
    try {
      await this.#store.remove(upload.id, upload.data);
    } finally {
      this.#ending.delete(upload.id);
    }
  }

  /** Removes those that nobody has sent anything to for long. @returns those of them that counted. */
  async expire(): Promise<readonly Upload[]> {
    const before = this.#now() - this.#options.expiryMs;
    const late = [...this.#open.values()].filter(({ busy, lastUsed }) => !busy && lastUsed < before);
    for (const upload of late) await this.remove(upload);
    for await (const { id, data } of this.#store.abandoned(before)) if (!this.#open.has(id)) await this.#store.remove(id, data);
    return late;
  }

  async #look(id: string): Promise<Upload | undefined> {
    const found = this.#ending.has(id) ? undefined : await this.#store.find(id);
    if (this.#ending.has(id)) return undefined;
    // Somebody else may have looked at the same time: there is one upload, whoever asks.
    return found === undefined ? undefined : (this.#open.get(id) ?? this.#found(found));
  }

  #found({ id, record, data, lastUsed }: FoundUpload): Upload {
    const upload = { ...record, id, data, busy: false, lastUsed };
    this.#open.set(id, upload);
    this.#onFound(upload);
    return upload;
  }
}

/** Of an upload that is being begun. */
function emptyData(): UploadData {
  const never = (): never => {
    throw new RegistryError("BLOB_UPLOAD_UNKNOWN", "there is no such upload");
  };
  return { size: 0, append: async () => never(), isOf: async () => never(), as: never };
}
