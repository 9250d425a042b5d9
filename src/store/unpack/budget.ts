import { EngineError } from "#errors/engine-error.ts";
import type { UnpackLimits } from "./contract.ts";

export interface FreeSpace {
  /** Bytes and inodes in all, and those that are free. A file system that makes inodes as it needs them has 0 in all. */
  readonly bytes: number;
  readonly freeBytes: number;
  readonly nodes: number;
  readonly freeNodes: number;
}

/** Between two looks at the file system. */
const BYTES_BETWEEN = 16 * 1024 ** 2;
const ENTRIES_BETWEEN = 4096;
const LEAST_FREE_NODES = 1000;

/** Counts what an archive makes us do, and says when it is too much: before the disk is full and before memory is. */
export class Budget {
  readonly #limits: UnpackLimits;
  readonly #measure: () => FreeSpace;
  #entries = 0;
  #written = 0;
  #remembered = 0;
  #nextLook = { bytes: 0, entries: 0 };

  constructor(limits: UnpackLimits, measure: () => FreeSpace) {
    this.#limits = limits;
    this.#measure = measure;
  }

  get entries(): number {
    return this.#entries;
  }

  get written(): number {
    return this.#written;
  }

  /** The archive has grown to `bytes` out of `compressed` ones. @throws EngineError `too-large`. */
  inflated(bytes: number, compressed: number): void {
    const { bytes: most, ratio, freeOfRatio } = this.#limits;
    if (bytes > most) throw tooLarge(`it is larger than ${most} bytes`);
    if (bytes > freeOfRatio && bytes > compressed * ratio)
      throw tooLarge(`${compressed} bytes became ${bytes}, more than ${ratio} times as many`);
  }

  /** @throws EngineError `too-large`, or `exhausted`. */
  entry(): void {
    this.#entries += 1;
    if (this.#entries > this.#limits.entries) throw tooLarge(`it has more than ${this.#limits.entries} entries`);
    if (this.#entries >= this.#nextLook.entries) this.#look();
  }

  /** @throws EngineError `exhausted`. */
  wrote(bytes: number): void {
    this.#written += bytes;
    if (this.#written >= this.#nextLook.bytes) this.#look();
  }

  /** A path that has to be kept in memory until the end. @throws EngineError `too-large`. */
  remember(path: string): void {
    this.#remembered += path.length + 64;
    if (this.#remembered > this.#limits.remembered) throw tooLarge("it has too many folders and deletions");
  }

  #look(): void {
    this.#nextLook = { bytes: this.#written + BYTES_BETWEEN, entries: this.#entries + ENTRIES_BETWEEN };
    const { bytes, freeBytes, nodes, freeNodes } = this.#measure();
    const keep = Math.min(this.#limits.freeBytes, bytes * this.#limits.freeShare);
    if (freeBytes < keep) throw exhausted(`less than ${Math.round(keep / 1024 ** 2)} MiB are left on the file system`);
    if (nodes > 0 && freeNodes < Math.min(LEAST_FREE_NODES, nodes * this.#limits.freeShare))
      throw exhausted("hardly an inode is left on the file system");
  }
}

function tooLarge(reason: string): EngineError {
  return new EngineError("too-large", `layer refused: ${reason}`, { code: "layer-too-large" });
}

function exhausted(reason: string): EngineError {
  return new EngineError("exhausted", `no space left on device: ${reason}`);
}
