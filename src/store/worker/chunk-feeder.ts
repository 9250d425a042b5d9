import { MessageChannel, type MessagePort } from "node:worker_threads";
import type { ChunkMessage, ChunkTaken } from "./chunk-receiver.ts";

/** Small pieces are gathered: a message costs as much as copying some 100 kB. */
const CHUNK_BYTES = 256 * 1024;
const MOST_ON_THE_WAY = 4;

/** Sends a stream to a thread, a few chunks ahead of what it has taken. */
export class ChunkFeeder {
  /** The thread's end. */
  readonly port: MessagePort;
  readonly #port: MessagePort;
  readonly #free: ArrayBuffer[] = [];
  #onTheWay = 0;
  #closed = false;
  #wake: (() => void) | undefined;
  #gathered = new Uint8Array(CHUNK_BYTES);
  #length = 0;

  constructor() {
    const { port1, port2 } = new MessageChannel();
    this.port = port2;
    this.#port = port1;
    port1.on("message", (taken: ChunkTaken) => {
      this.#onTheWay -= 1;
      this.#free.push(taken);
      this.#wake?.();
    });
    port1.on("close", () => {
      this.#closed = true;
      this.#wake?.();
    });
  }

  /** Resolves when all was sent, or when the thread wants no more: why, it says itself. @throws what the source throws. */
  async run(source: AsyncIterable<Uint8Array>): Promise<void> {
    try {
      for await (const piece of source) {
        await this.#add(piece);
        if (this.#closed) return;
      }
      await this.#flush();
      this.#post({ end: true });
    } catch (error) {
      this.stop("the stream failed");
      throw error;
    }
  }

  /** Tells the thread that no more will come, now: the source may be asleep. */
  stop(reason: string): void {
    this.#post({ failed: reason });
  }

  close(): void {
    this.#port.close();
  }

  async #add(piece: Uint8Array): Promise<void> {
    for (let at = 0; at < piece.length && !this.#closed;) {
      const length = Math.min(piece.length - at, CHUNK_BYTES - this.#length);
      this.#gathered.set(piece.subarray(at, at + length), this.#length);
      this.#length += length;
      at += length;
      if (this.#length === CHUNK_BYTES) await this.#flush();
    }
  }

  async #flush(): Promise<void> {
    while (this.#onTheWay >= MOST_ON_THE_WAY && !this.#closed) await new Promise<void>((resolve) => (this.#wake = resolve));
    if (this.#length === 0 || this.#closed) return;
    const chunk = this.#gathered.subarray(0, this.#length);
    this.#gathered = new Uint8Array(this.#free.pop() ?? new ArrayBuffer(CHUNK_BYTES));
    this.#length = 0;
    this.#onTheWay += 1;
    this.#port.postMessage({ chunk } satisfies ChunkMessage, [chunk.buffer]);
  }

  #post(message: ChunkMessage): void {
    if (!this.#closed) this.#port.postMessage(message);
  }
}
