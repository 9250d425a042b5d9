import { Duplex } from "node:stream";

export type WriteDone = (error?: Error | null) => void;

/** What a side is a side of: a connection (`connection.ts`). */
export interface SideOwner {
  /** The reader of this side can take more. */
  wantsInput(): void;
  write(chunk: Uint8Array | string, encoding: BufferEncoding, done: WriteDone): void;
  writeAll(chunks: readonly WriteChunk[], done: WriteDone): void;
  /** Nothing more will be written. */
  finish(done: WriteDone): void;
  /** Destroyed; `flushed` when everything had been written before. */
  dropped(flushed: boolean): void;
}

export interface WriteChunk {
  readonly chunk: Uint8Array | string;
  readonly encoding: BufferEncoding;
}

/**
 * One user's view of a connection: first Node's HTTP parser has it, after a hijack the handler. It is a stream of its own, so that
 * what the parser has not been given, the end of input included, is still there for the handler.
 */
export class Side extends Duplex {
  #owner: SideOwner | undefined;

  constructor(owner: SideOwner) {
    // With autoDestroy a `for await` over the input would, at its end, destroy the output too.
    super({ allowHalfOpen: true, autoDestroy: false, decodeStrings: false, highWaterMark: 64 * 1024 });
    this.#owner = owner;
  }

  get owner(): SideOwner | undefined {
    return this.#owner;
  }

  /** Ends this view and leaves the connection as it is. */
  release(): void {
    this.#owner = undefined;
    this.destroy();
  }

  override _read(): void {
    this.#owner?.wantsInput();
  }

  override _write(chunk: Uint8Array | string, encoding: BufferEncoding, done: WriteDone): void {
    if (this.#owner === undefined) done();
    else this.#owner.write(chunk, encoding, done);
  }

  override _writev(chunks: WriteChunk[], done: WriteDone): void {
    if (this.#owner === undefined) done();
    else this.#owner.writeAll(chunks, done);
  }

  override _final(done: WriteDone): void {
    if (this.#owner === undefined) done();
    else this.#owner.finish(done);
  }

  override _destroy(error: Error | null, done: WriteDone): void {
    this.#owner?.dropped(this.writableFinished);
    done(error);
  }
}
