import { KeyedMutex } from "#lib/keyed-mutex.ts";
import type { BlobDigest } from "../protocol/digest.ts";
import type { RegistryStorage } from "../storage/contract.ts";
import { youngKey } from "./keys.ts";

/**
 * The rule that lets garbage be collected while pushes go on, without a lock that both would have to hold: nothing is taken that is younger
 * than the grace period, and **whoever is about to name something makes it young first**, on the storage itself. So it also holds for a
 * client that was told "it is here" by a process that has been killed since.
 */
export class Youth {
  readonly graceMs: number;
  readonly #storage: RegistryStorage;
  readonly #now: () => number;
  readonly #turns = new KeyedMutex();
  #claimed: Set<BlobDigest> | undefined;

  constructor(storage: RegistryStorage, graceMs: number, now: () => number = Date.now) {
    this.#storage = storage;
    this.graceMs = graceMs;
    this.#now = now;
  }

  /** Claims of a blob and its removal, one after the other: within a process nothing is between a look at an age and what follows from it. */
  alone<T>(digest: BlobDigest, work: () => Promise<T>): Promise<T> {
    return this.#turns.run(digest, work);
  }

  /** While a collection runs, what is claimed is remembered: one that takes longer than a youth lasts is as safe as a short one. */
  async whileCollecting<T>(work: () => Promise<T>): Promise<T> {
    this.#claimed = new Set();
    try {
      return await work();
    } finally {
      this.#claimed = undefined;
    }
  }

  /** Has been claimed since the collection began. */
  isClaimed(digest: BlobDigest): boolean {
    return this.#claimed?.has(digest) === true;
  }

  /** To be called by who names it, in his turn with it. */
  claim(digest: BlobDigest): void {
    this.#claimed?.add(digest);
  }

  /** True for what may be taken. */
  isOld(writtenAt: number): boolean {
    return this.#now() - writtenAt > this.graceMs;
  }

  /** Writes a document again unless it is in the first half of its youth: what is claimed then has at least the other half left. */
  async renew(key: string, content: Uint8Array, writtenAt: number): Promise<void> {
    if (this.#now() - writtenAt > this.graceMs / 2) await this.#storage.put(key, content);
  }

  /** The same for a blob, which is never written again: a mark stands for it. */
  async renewBlob(digest: BlobDigest, writtenAt: number): Promise<void> {
    if (this.#now() - writtenAt <= this.graceMs / 2) return;
    const mark = await this.#storage.stat(youngKey(digest));
    await this.renew(youngKey(digest), Buffer.alloc(0), mark?.writtenAt ?? 0);
  }

  /** Whether a blob may be taken, by its own age, its mark's, and what was claimed meanwhile. */
  async isBlobOld(digest: BlobDigest): Promise<boolean> {
    if (this.isClaimed(digest)) return false;
    const blob = await this.#storage.statBlob(digest);
    if (blob !== undefined && !this.isOld(blob.writtenAt)) return false;
    const mark = await this.#storage.stat(youngKey(digest));
    return mark === undefined || this.isOld(mark.writtenAt);
  }
}
