import type { ChangeSignal } from "./change-signal.ts";
import { nextSegment, openSegments, type Segment } from "./segments.ts";
import type { TailStart } from "./tail.ts";

/** Small enough to be turned into frames between two events of the loop (half a millisecond for short lines). */
const BLOCK = 256 * 1024;

/** A piece of a log as it lies on the disk. The block is the receiver's, to write to as well. */
export interface RawBlock {
  readonly block: Buffer;
  /** It is the first of its file: what came before of an unfinished line is not continued. */
  readonly first: boolean;
}

/** Reads a log from some place on, from file to file, and goes on where it stopped when there is more. */
export class ForwardReader implements AsyncDisposable {
  readonly #folder: string;
  readonly #changes: ChangeSignal | undefined;
  /** The first is being read. */
  #segments: Segment[];
  /** Files before the beginning, closed with the rest. */
  readonly #passed: readonly Segment[];
  #offset: number;
  #first = true;

  /** Takes the segments over. */
  constructor(
    folder: string,
    segments: readonly Segment[],
    start: Pick<TailStart, "segment" | "offset">,
    changes: ChangeSignal | undefined,
  ) {
    this.#folder = folder;
    this.#segments = segments.slice(start.segment);
    this.#passed = segments.slice(0, start.segment);
    this.#offset = start.offset;
    this.#changes = changes;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const segment of [...this.#passed, ...this.#segments]) await segment[Symbol.asyncDispose]();
    this.#segments = [];
  }

  /** The next block; undefined at what is the end for now. */
  async next(): Promise<RawBlock | undefined> {
    for (;;) {
      const block = await this.#readBlock();
      if (block !== undefined) {
        const first = this.#first;
        this.#first = false;
        return { block, first };
      }
      if (!(await this.#moveOn())) return undefined;
    }
  }

  async #readBlock(): Promise<Buffer | undefined> {
    const [current] = this.#segments;
    if (current === undefined) return undefined;
    this.#changes?.setFile(current.path);
    const file = await current.content();
    const block = Buffer.allocUnsafeSlow(BLOCK);
    const { bytesRead } = await file.read(block, 0, BLOCK, this.#offset);
    this.#offset += bytesRead;
    return bytesRead === 0 ? undefined : block.subarray(0, bytesRead);
  }

  /** At the end of a file: goes to the next one, or back to the start of one that was emptied. False when there is nothing to go to. */
  async #moveOn(): Promise<boolean> {
    const [current, following] = this.#segments;
    if (current === undefined) {
      this.#segments = await openSegments(this.#folder);
      return this.#segments.length > 0;
    }
    if (following !== undefined) return this.#leave(current);
    const next = await nextSegment(this.#folder, current.number);
    const { size } = await (await current.content()).stat();
    if (next === undefined) {
      if (size >= this.#offset) return false;
      this.#restart();
      return true;
    }
    // What was written to the old file before the new one was begun.
    if (size > this.#offset) {
      await next[Symbol.asyncDispose]();
      return true;
    }
    this.#segments.push(next);
    return this.#leave(current);
  }

  async #leave(current: Segment): Promise<true> {
    this.#segments.shift();
    await current[Symbol.asyncDispose]();
    this.#restart();
    return true;
  }

  #restart(): void {
    this.#offset = 0;
    this.#first = true;
  }
}
