import { RegistryError } from "../protocol/registry-error.ts";
import type { RepositoryName } from "../protocol/names.ts";
import type { RegistryStorage } from "../storage/contract.ts";
import { blobLinks } from "./keys.ts";

/** What repositories may hold, and what they do: each blob counts in full in each repository that has it. */
export class Quotas {
  readonly #storage: RegistryStorage;
  readonly #limitOf: (name: RepositoryName) => number | undefined;
  /** Counted when first asked for, and kept right from then on. */
  readonly #used = new Map<RepositoryName, Promise<number>>();
  /** What uploads that go on have brought so far. */
  readonly #coming = new Map<RepositoryName, number>();

  constructor(storage: RegistryStorage, limitOf: (name: RepositoryName) => number | undefined) {
    this.#storage = storage;
    this.#limitOf = limitOf;
  }

  /** @throws RegistryError `DENIED` when so much more would be too much. */
  async check(name: RepositoryName, more: number): Promise<void> {
    const limit = this.#limitOf(name);
    if (limit === undefined) return;
    const used = (await this.#usedBy(name)) + (this.#coming.get(name) ?? 0);
    if (used + more <= limit) return;
    throw new RegistryError("DENIED", `the repository's quota of ${limit} bytes does not hold ${more} bytes more`, {
      detail: { quota: limit, used },
    });
  }

  /** Bytes of an upload that are here and not yet a blob; below zero when it ends. */
  coming(name: RepositoryName, bytes: number): void {
    const sum = (this.#coming.get(name) ?? 0) + bytes;
    if (sum <= 0) this.#coming.delete(name);
    else this.#coming.set(name, sum);
  }

  /** A repository has got a blob, or lost one (below zero). */
  changed(name: RepositoryName, bytes: number): void {
    const used = this.#used.get(name);
    if (used !== undefined)
      this.#used.set(
        name,
        used.then((sum) => sum + bytes),
      );
  }

  /** After a sweep: what was counted may be wrong. */
  forget(): void {
    this.#used.clear();
  }

  #usedBy(name: RepositoryName): Promise<number> {
    let used = this.#used.get(name);
    if (used === undefined) {
      used = this.#count(name);
      used.catch(() => this.#used.delete(name));
      this.#used.set(name, used);
    }
    return used;
  }

  async #count(name: RepositoryName): Promise<number> {
    let sum = 0;
    for await (const file of this.#storage.documents(blobLinks(name))) {
      sum += Number((await this.#storage.get(`${blobLinks(name)}/${file}`))?.toString() ?? 0);
    }
    return sum;
  }
}
