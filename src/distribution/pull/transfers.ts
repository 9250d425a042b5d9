import type { ContentStore } from "#store/content/contract.ts";
import { EngineError, isEngineError } from "#errors/engine-error.ts";
import type { GrowingFile } from "#store/worker/growing-file.ts";
import { downloadBlob, type BlobToDownload } from "./download-blob.ts";
import type { RetryOptions } from "../transport/retry.ts";
import type { RegistrySession } from "../session/session.ts";
import { Slots } from "#lib/slots.ts";

/** How far a transfer is. `waiting` until one of the few places is free; `file` can be read along where there is one. */
export type TransferState =
  | { readonly kind: "waiting" }
  | { readonly kind: "downloading"; readonly current: number; readonly file?: GrowingFile | undefined }
  | { readonly kind: "verifying" }
  | { readonly kind: "complete" };

export type TransferListener = (state: TransferState) => void;

interface Transfer {
  readonly listeners: Set<TransferListener>;
  readonly abort: AbortController;
  readonly done: Promise<void>;
  state: TransferState;
}

export interface TransfersOptions {
  /** max-concurrent-downloads */
  readonly concurrent: number;
  readonly retry: RetryOptions;
}

/**
 * Downloads of blobs into the content store. The same blob of the same repository is fetched once however many pulls want it, and
 * goes on as long as one of them is left.
 */
export class Transfers {
  readonly #content: ContentStore;
  readonly #options: TransfersOptions;
  readonly #slots: Slots;
  readonly #running = new Map<string, Transfer>();

  constructor(content: ContentStore, options: TransfersOptions) {
    this.#content = content;
    this.#options = options;
    this.#slots = new Slots(options.concurrent, cancelled);
  }

  /**
   * Resolves when the blob is here, verified. The caller holds it already (ImageAssembly.holdBlob).
   *
   * @throws EngineError `invalid` when the bytes are not what the digest says, `unavailable`, `exhausted`, `cancelled`.
   */
  async fetch(session: RegistrySession, blob: BlobToDownload, listener: TransferListener, signal: AbortSignal): Promise<void> {
    if (signal.aborted) throw cancelled(signal.reason);
    if (this.#content.sizeOf(blob.digest) === blob.size) return listener({ kind: "complete" });
    const key = `${session.origin}@${blob.digest}/${blob.size}`;
    const transfer = this.#running.get(key) ?? this.#start(key, session, blob);
    transfer.listeners.add(listener);
    listener(transfer.state);
    try {
      await untilAborted(transfer.done, signal);
    } finally {
      transfer.listeners.delete(listener);
      if (transfer.listeners.size === 0) await this.#end(key, transfer);
    }
  }

  #start(key: string, session: RegistrySession, blob: BlobToDownload): Transfer {
    const abort = new AbortController();
    const listeners = new Set<TransferListener>();
    const tell = (state: TransferState): void => {
      transfer.state = state;
      for (const listener of listeners) listener(state);
    };
    const state: TransferState = this.#slots.isFull ? { kind: "waiting" } : { kind: "downloading", current: 0 };
    const done = this.#slots.run(abort.signal, () => this.#download(session, blob, tell, abort.signal));
    const transfer: Transfer = { listeners, abort, done, state };
    done.catch(() => undefined).finally(() => this.#forget(key, transfer));
    this.#running.set(key, transfer);
    return transfer;
  }

  /** Nobody wants it any more: a new caller starts anew instead of joining what is being aborted. Nothing is written afterwards. */
  async #end(key: string, transfer: Transfer): Promise<void> {
    this.#forget(key, transfer);
    transfer.abort.abort();
    await transfer.done.catch(() => undefined);
  }

  #forget(key: string, transfer: Transfer): void {
    if (this.#running.get(key) === transfer) this.#running.delete(key);
  }

  async #download(session: RegistrySession, blob: BlobToDownload, tell: TransferListener, signal: AbortSignal): Promise<void> {
    const download = new Download(blob, tell);
    try {
      const chunks = download.watch(downloadBlob(session, blob, this.#options.retry, signal));
      await this.#content.ingest(chunks, { ...blob, limit: blob.size }, signal, (file) => download.reads(file));
    } catch (error) {
      if (!isEngineError(error) || error.code !== "digest-mismatch") throw error;
      throw new EngineError("invalid", `filesystem layer verification failed for digest ${blob.digest}`, {
        cause: error,
        code: error.code,
      });
    }
    tell({ kind: "complete" });
  }
}

/** Tells how far a download is. */
class Download {
  readonly #size: number;
  readonly #tell: TransferListener;
  #current = 0;
  #file: GrowingFile | undefined;

  constructor({ size }: BlobToDownload, tell: TransferListener) {
    this.#size = size;
    this.#tell = tell;
    this.#told();
  }

  /** It can be read along from now on. */
  reads(file: GrowingFile): void {
    this.#file = file;
    if (this.#current < this.#size) this.#told();
  }

  async *watch(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      this.#current += chunk.length;
      this.#told();
      yield chunk;
    }
    if (this.#current === this.#size) this.#tell({ kind: "verifying" });
  }

  #told(): void {
    this.#tell({ kind: "downloading", current: this.#current, file: this.#file });
  }
}

/** Leaves when the signal says so; the transfer may go on for others. */
async function untilAborted(done: Promise<void>, signal: AbortSignal): Promise<void> {
  const aborted = Promise.withResolvers<never>();
  const leave = (): void => aborted.reject(cancelled(signal.reason));
  signal.addEventListener("abort", leave, { once: true });
  try {
    await Promise.race([done, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", leave);
  }
}

function cancelled(cause: unknown): EngineError {
  return new EngineError("cancelled", "context canceled", { cause });
}
