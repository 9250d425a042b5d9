import { randomInt } from "node:crypto";

/** Chance that can be had again: the same seed gives the same numbers. DHOW_SEED sets it; else it is drawn, and printed. */
export class Seeded {
  readonly seed: number;
  #state: number;

  constructor(seed = Number(process.env["DHOW_SEED"] ?? randomInt(2 ** 32))) {
    this.seed = seed >>> 0;
    this.#state = this.seed;
  }

  /** From 0 up to, and without, `below` (mulberry32). */
  below(below: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  }

  pick<T>(from: readonly T[]): T {
    const picked = from[this.below(from.length)];
    if (picked === undefined) throw new Error("nothing to pick from");
    return picked;
  }

  /** `count` of them, in their order. */
  sample<T>(from: readonly T[], count: number): T[] {
    const left = [...from.keys()];
    const chosen = new Set<number>();
    while (chosen.size < Math.min(count, from.length)) chosen.add(left.splice(this.below(left.length), 1)[0] ?? 0);
    return from.filter((_, index) => chosen.has(index));
  }

  /** The same numbers for every run of a part, however much another part has drawn. */
  fork(): Seeded {
    return new Seeded(this.below(2 ** 32));
  }
}
