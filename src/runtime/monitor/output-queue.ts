import type { OutputChunk } from "../contract.ts";

/** A queue this full makes its source wait. */
const HIGH_WATER = 256 * 1024;
/** Pieces of one stream that wait together are handed out as one of at most this size. */
const LARGEST_CHUNK = 64 * 1024;
/** What a chunk costs beside its bytes: many tiny ones are as much of a burden as a few large ones. */
const CHUNK_COST = 256;

/** Where the chunks come from. */
export interface OutputSource {
  pause(): void;
  resume(): void;
}

/**
 * Output on its way to one reader. When the reader is slow its source is paused, so that what waits here is bounded by the high-water
 * mark and one read of each stream; the slower the reader, the larger the pieces it gets.
 */
export class OutputQueue {
  readonly #source: OutputSource;
  #chunks: OutputChunk[] = [];
  #cost = 0;
  #paused = false;
  #ended = false;
  #wake: (() => void) | undefined;

  constructor(source: OutputSource) {
    this.#source = source;
  }

  get empty(): boolean {
    return this.#chunks.length === 0;
  }

  push(stream: OutputChunk["stream"], data: Uint8Array): void {
    if (this.#ended || data.length === 0) return;
    this.#chunks.push({ stream, data });
    this.#cost += data.length + CHUNK_COST;
    if (this.#cost >= HIGH_WATER && !this.#paused) {
      this.#paused = true;
      this.#source.pause();
    }
    this.#wake?.();
  }

  /** The reader gets what waits, and then the end. */
  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  /** Ends at once: what waits is thrown away. */
  discard(): void {
    this.#chunks = [];
    this.#cost = 0;
    this.end();
  }

  async *read(): AsyncGenerator<OutputChunk, void, undefined> {
    for (;;) {
      while (!this.empty) yield this.#take();
      if (this.#ended) return;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
  }

  #take(): OutputChunk {
    const { count, bytes } = this.#run();
    const taken = this.#chunks.splice(0, count);
    this.#cost -= bytes + count * CHUNK_COST;
    if (this.#paused && this.#cost < HIGH_WATER / 2) {
      this.#paused = false;
      this.#source.resume();
    }
    const [first] = taken as [OutputChunk];
    if (count === 1) return first;
    return {
      stream: first.stream,
      data: Buffer.concat(
        taken.map(({ data }) => data),
        bytes,
      ),
    };
  }

  /** How many chunks at the front are of one stream and fit together. */
  #run(): { count: number; bytes: number } {
    const stream = this.#chunks[0]?.stream;
    let bytes = this.#chunks[0]?.data.length ?? 0;
    let count = 1;
    for (const chunk of this.#chunks.slice(1)) {
      if (chunk.stream !== stream || bytes + chunk.data.length > LARGEST_CHUNK) break;
      bytes += chunk.data.length;
      count++;
    }
    return { count, bytes };
  }
}
