import { BoundedQueue } from "#lib/bounded-queue.ts";
import type { ContainerStreams, OutputChunk } from "#runtime/contract.ts";

/** Stdio that a test holds the other end of. */
export class FakePipe implements ContainerStreams {
  readonly #chunks = new BoundedQueue<OutputChunk>(1000);
  /** Everything the client wrote. */
  input = "";
  stdinClosed = false;
  closed = false;

  get output(): AsyncIterable<OutputChunk> {
    return this.#chunks;
  }

  write(data: Uint8Array): Promise<void> {
    this.input += Buffer.from(data).toString();
    return Promise.resolve();
  }

  closeStdin(): void {
    this.stdinClosed = true;
  }

  close(): void {
    this.closed = true;
    this.end();
  }

  emit(chunk: OutputChunk): void {
    this.#chunks.push(chunk);
  }

  end(): void {
    this.#chunks.close();
  }
}
