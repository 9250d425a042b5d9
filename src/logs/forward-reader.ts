import { type CriLine, CriLines } from "./cri-lines.ts";
import { nextSegment, openSegments, type Segment } from "./segments.ts";
import type { TailStart } from "./tail.ts";

/** Small enough to be cut into lines between two events of the loop (2 ms for short ones). */
const BLOCK = 128 * 1024;

/** Reads the lines of a log from some place on, from file to file, and goes on where it stopped when there is more. */
export class ForwardReader implements AsyncDisposable {
  readonly #path: string;
  /** The first is being read. */
  #segments: Segment[];
  #offset: number;
  #lines = new CriLines();

  /** Takes the segments over. */
  constructor(path: string, segments: readonly Segment[], start: Pick<TailStart, "segment" | "offset">) {
    this.#path = path;
    this.#segments = segments.slice(start.segment);
    this.#offset = start.offset;
    this.#passed = segments.slice(0, start.segment);
  }

  /** Files before the beginning, closed with the rest. */
  #passed: readonly Segment[];

  async [Symbol.asyncDispose](): Promise<void> {
    for (const segment of [...this.#passed, ...this.#segments]) await segment[Symbol.asyncDispose]();
    this.#segments = [];
  }

  /** The lines of the next block; undefined at what is the end for now. */
  async next(): Promise<CriLine[] | undefined> {
    for (;;) {
      const block = await this.#readBlock();
      if (block !== undefined) return this.#lines.push(block);
      if (!(await this.#moveOn())) return undefined;
    }
  }

  async #readBlock(): Promise<Buffer | undefined> {
    const [current] = this.#segments;
    if (current === undefined) return undefined;
    const block = Buffer.allocUnsafeSlow(BLOCK);
    const { bytesRead } = await current.file.read(block, 0, BLOCK, this.#offset);
    this.#offset += bytesRead;
    return bytesRead === 0 ? undefined : block.subarray(0, bytesRead);
  }

  /** At the end of a file: goes to the next one, or back to the start of one that was emptied. False when there is nothing to go to. */
  async #moveOn(): Promise<boolean> {
    const [current, following] = this.#segments;
    if (current === undefined) {
      this.#segments = await openSegments(this.#path);
      return this.#segments.length > 0;
    }
    if (following !== undefined) return this.#leave(current);
    const next = await nextSegment(this.#path, current.inode);
    const { size } = await current.file.stat();
    if (next === undefined) {
      if (size >= this.#offset) return false;
      this.#restart();
      return true;
    }
    // The monitor wrote to the old file until it began the new one, which is there now.
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
    this.#lines = new CriLines();
  }
}
