import type { ContainerStreams, OutputChunk } from "#runtime/contract.ts";
import { DetachFilter } from "#spec/detach-keys.ts";
import type { StreamSession } from "./stream-session.ts";

export interface AttachSessionParts {
  readonly tty: boolean;
  /** Undefined when only the log is wanted; resolves to undefined when the run they would belong to does not come about. */
  readonly streams: Promise<ContainerStreams | undefined> | undefined;
  /** Gives up waiting for them, or closes them. */
  readonly cancel: (() => void) | undefined;
  readonly replay: AsyncIterable<OutputChunk> | undefined;
  readonly wanted: ReadonlySet<OutputChunk["stream"]>;
  /** False: what the client types is thrown away. */
  readonly stdin: boolean;
  /** The end of the client's input is the end of the process'. Else it is the end of the session: moby detaches then. */
  readonly closesStdin: boolean;
  /** Undefined where there is no terminal: a pipe's bytes are data, whatever they are. */
  readonly detachKeys: Uint8Array | undefined;
  readonly onDetach: () => void;
}

/** One client on one container. What it types before the container runs waits in its connection. */
export class AttachSession implements StreamSession {
  readonly tty: boolean;
  readonly output: AsyncIterable<OutputChunk>;
  readonly #parts: AttachSessionParts;
  readonly #filter: DetachFilter | undefined;
  #closed = false;

  constructor(parts: AttachSessionParts) {
    this.tty = parts.tty;
    this.#parts = parts;
    this.#filter = parts.detachKeys && new DetachFilter(parts.detachKeys);
    this.output = this.#read();
  }

  async write(data: Uint8Array): Promise<void> {
    if (!this.#parts.stdin) return;
    const streams = await this.#parts.streams;
    if (streams === undefined || this.#closed) return;
    const passed = this.#filter?.push(data) ?? { data, detached: false };
    if (passed.data.length > 0) await streams.write(passed.data);
    if (passed.detached) this.#detach();
  }

  endInput(): void {
    if (!this.#parts.stdin) return;
    if (!this.#parts.closesStdin) this.#detach();
    else void this.#parts.streams?.then((streams) => streams?.closeStdin());
  }

  close(): void {
    this.#closed = true;
    this.#parts.cancel?.();
    void this.#parts.streams?.then((streams) => streams?.close());
  }

  #detach(): void {
    if (this.#closed) return;
    this.close();
    this.#parts.onDetach();
  }

  async *#read(): AsyncGenerator<OutputChunk> {
    const { replay, streams, wanted } = this.#parts;
    if (replay !== undefined) yield* replay;
    const live = await streams;
    if (live === undefined) return;
    for await (const chunk of live.output) {
      if (wanted.has(chunk.stream)) yield chunk;
    }
  }
}
