import type { Digest } from "#spec/digest.ts";

/**
 * Who is using a blob or a layer right now without an image that says so yet: a pull between its download and its record.
 *
 * Two rules keep a removal and a pull from meeting: what is held is not removed, and whoever holds something that is being removed
 * waits until it is gone, and then finds it missing. In memory only: after a kill nothing is held, and the sweep at start removes
 * what no image explains.
 */
export class Leases {
  readonly #holders = new Map<Digest, number>();
  readonly #removals = new Map<Digest, Promise<void>>();
  readonly #postponed = new Set<Digest>();
  #everything = 0;

  /** A new holder of nothing. */
  open(): Lease {
    return new Lease(this);
  }

  /** To be followed by `settled`: counted first, so that a removal that starts meanwhile sees the holder. */
  count(digest: Digest): void {
    this.#holders.set(digest, (this.#holders.get(digest) ?? 0) + 1);
  }

  /** Resolves when no removal of it is under way. */
  async settled(digest: Digest): Promise<void> {
    await this.#removals.get(digest);
  }

  /** Whether somebody uses it, or is just removing it. */
  isHeld(digest: Digest): boolean {
    return this.#everything > 0 || this.#holders.has(digest) || this.#removals.has(digest);
  }

  drop(digest: Digest): void {
    const left = (this.#holders.get(digest) ?? 0) - 1;
    if (left > 0) this.#holders.set(digest, left);
    else this.#holders.delete(digest);
  }

  /** Nothing is removed from now on until `dropAll`: for who takes in content whose digest it does not know beforehand. */
  async addAll(): Promise<void> {
    this.#everything++;
    await Promise.all(this.#removals.values());
  }

  /** @returns what was not removed because of holders of everything, once the last of them is gone. */
  dropAll(): Digest[] {
    this.#everything--;
    if (this.#everything > 0) return [];
    const postponed = [...this.#postponed];
    this.#postponed.clear();
    return postponed;
  }

  /**
   * Runs a removal unless somebody holds the digest, or `isNeeded` says no at the last instant before.
   *
   * @returns false when it was not run.
   */
  async removeUnlessHeld(digest: Digest, isNeeded: () => boolean, remove: () => Promise<void>): Promise<boolean> {
    await this.#removals.get(digest);
    if (this.#everything > 0) this.#postponed.add(digest);
    if (this.#everything > 0 || this.#holders.has(digest) || this.#removals.has(digest) || isNeeded()) return false;
    const removal = remove();
    this.#removals.set(
      digest,
      removal.catch(() => undefined),
    );
    try {
      await removal;
    } finally {
      this.#removals.delete(digest);
    }
    return true;
  }
}

/** What one operation holds. */
export class Lease {
  readonly #leases: Leases;
  readonly #held = new Set<Digest>();
  #holdsAll = false;

  constructor(leases: Leases) {
    this.#leases = leases;
  }

  /** Resolves when no removal of it is under way any more. Twice is once. */
  async hold(digest: Digest): Promise<void> {
    if (!this.#held.has(digest)) {
      this.#held.add(digest);
      this.#leases.count(digest);
    }
    await this.#leases.settled(digest);
  }

  async holdAll(): Promise<void> {
    if (this.#holdsAll) return;
    this.#holdsAll = true;
    await this.#leases.addAll();
  }

  /** Lets go of everything, and tells what may now be removed. */
  close(): Digest[] {
    const held = [...this.#held];
    for (const digest of held) this.#leases.drop(digest);
    this.#held.clear();
    const postponed = this.#holdsAll ? this.#leases.dropAll() : [];
    this.#holdsAll = false;
    return [...held, ...postponed];
  }
}
