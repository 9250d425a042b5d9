import type { IdMapping, Owner } from "#lib/id-mapping.ts";
import { closeFd } from "#sys/processes/pipe.ts";
import { openUserNamespace } from "#sys/mounts/user-namespace.ts";
import { ownerMapping } from "./owner-mapping.ts";

/** Each is a descriptor, and one takes a process of a few milliseconds to make. */
const MOST = 32;

/** User namespaces that say who is whom on a mount. Kept, since people start the same containers on the same folders again and again. */
export class OwnerNamespaces implements Disposable {
  readonly #open: (mapping: IdMapping) => Promise<number>;
  readonly #kept = new Map<string, Promise<number>>();

  constructor(open: (mapping: IdMapping) => Promise<number> = openUserNamespace) {
    this.#open = open;
  }

  /** Runs `use` with a descriptor of it, synchronously: afterwards it may be closed. */
  async with<T>(owner: Owner, user: Owner, use: (namespace: number) => T): Promise<T> {
    const key = [owner.uid, owner.gid, user.uid, user.gid].join(" ");
    const kept = this.#kept.get(key) ?? this.#open(ownerMapping(owner, user));
    this.#kept.delete(key);
    this.#kept.set(key, kept);
    try {
      return use(await kept);
    } catch (error) {
      this.#drop(key);
      throw error;
    } finally {
      for (const [oldest] of [...this.#kept].slice(0, Math.max(0, this.#kept.size - MOST))) this.#drop(oldest);
    }
  }

  [Symbol.dispose](): void {
    for (const key of this.#kept.keys()) this.#drop(key);
  }

  #drop(key: string): void {
    void this.#kept.get(key)?.then(closeFd, () => {});
    this.#kept.delete(key);
  }
}
