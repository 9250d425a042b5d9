import { EngineError } from "#errors/engine-error.ts";

/**
 * A few pieces of memory that a thread fills and another empties, in turns. The thread that fills is synchronous: it sleeps in the kernel
 * while all are full, so that a slow reader holds up the reading and not the memory.
 */
const SLOT_BYTES = 1024 * 1024;
const SLOTS = 4;
/** Less is copied out: the HTTP server may still hold what it says it has taken, when that is little. */
const COPIED_BELOW = 128 * 1024;
const LOOK_MS = 1000;

const FREE = 0;
const STOPPED = 1;

/** Crosses to the thread. */
export interface RingMemory {
  readonly slots: SharedArrayBuffer;
  readonly control: SharedArrayBuffer;
}

/** Bytes of the next slot. */
export type RingNote = number;

/** The filling side. */
export class RingWriter {
  readonly #slots: Buffer;
  readonly #control: Int32Array;
  readonly #note: (length: RingNote) => void;
  #next = 0;

  constructor({ slots, control }: RingMemory, note: (length: RingNote) => void) {
    this.#slots = Buffer.from(slots);
    this.#control = new Int32Array(control);
    this.#note = note;
  }

  /** An empty slot; the one before has to be passed on. Waits for the reader. @throws EngineError `cancelled`. */
  take(): Buffer {
    while (Atomics.load(this.#control, FREE) === 0) {
      this.#stopIfTold();
      Atomics.wait(this.#control, FREE, 0, LOOK_MS);
    }
    this.#stopIfTold();
    Atomics.sub(this.#control, FREE, 1);
    const at = (this.#next++ % SLOTS) * SLOT_BYTES;
    return this.#slots.subarray(at, at + SLOT_BYTES);
  }

  pass(length: number): void {
    this.#note(length);
  }

  #stopIfTold(): void {
    if (Atomics.load(this.#control, STOPPED) !== 0) throw new EngineError("cancelled", "the caller went away");
  }
}

/** The emptying side. */
export class RingReader {
  readonly memory: RingMemory = { slots: new SharedArrayBuffer(SLOTS * SLOT_BYTES), control: new SharedArrayBuffer(8) };
  readonly #slots = Buffer.from(this.memory.slots);
  readonly #control = new Int32Array(this.memory.control);
  readonly #arrived: RingNote[] = [];
  #end: { readonly error: unknown } | "whole" | undefined;
  #wake: (() => void) | undefined;

  constructor() {
    Atomics.store(this.#control, FREE, SLOTS);
  }

  arrive(length: RingNote): void {
    this.#arrived.push(length);
    this.#wake?.();
  }

  /** Nothing more will come. */
  end(failure?: { readonly error: unknown }): void {
    this.#end ??= failure ?? "whole";
    this.#wake?.();
  }

  /** Has the thread give up, now. */
  stop(): void {
    Atomics.store(this.#control, STOPPED, 1);
    Atomics.add(this.#control, FREE, 1);
    Atomics.notify(this.#control, FREE);
  }

  /** A piece is valid until the next is asked for. @throws what `end` was told. */
  async *pieces(): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      for (let taken = 0; ; taken++) {
        const length = await this.#length();
        if (length === undefined) return;
        const at = (taken % SLOTS) * SLOT_BYTES;
        const piece = this.#slots.subarray(at, at + length);
        yield length < COPIED_BELOW ? Uint8Array.from(piece) : piece;
        Atomics.add(this.#control, FREE, 1);
        Atomics.notify(this.#control, FREE);
      }
    } finally {
      this.stop();
    }
  }

  async #length(): Promise<RingNote | undefined> {
    for (;;) {
      const length = this.#arrived.shift();
      if (length !== undefined) return length;
      if (this.#end === "whole") return undefined;
      if (this.#end !== undefined) throw this.#end.error;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}
