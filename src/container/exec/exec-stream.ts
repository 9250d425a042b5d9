import type { ExecProcess, OutputChunk } from "#runtime/contract.ts";
import { DetachFilter, parseDetachKeys } from "#spec/detach-keys.ts";
import type { StreamSession } from "../attach/stream-session.ts";
import type { ExecConfig } from "./exec-session.ts";

/**
 * How long output may pause, after the process has ended, before the stream is closed, ms. What it wrote lies in the pipe by then and
 * comes at once; a child that it left behind may hold the pipe for ever, and a client shall not wait for that.
 */
const GRACE = 100;

/** The one client on an exec's stdio. */
export class ExecStream implements StreamSession {
  readonly tty: boolean;
  readonly output: AsyncIterable<OutputChunk>;
  readonly #process: ExecProcess;
  readonly #config: ExecConfig;
  readonly #filter: DetachFilter | undefined;
  readonly #onDetach: () => void;
  readonly #left = Promise.withResolvers<void>();
  #closed = false;

  constructor(process: ExecProcess, config: ExecConfig, onDetach: () => void) {
    this.tty = config.tty;
    this.#process = process;
    this.#config = config;
    this.#filter = config.tty ? new DetachFilter(parseDetachKeys(config.detachKeys)) : undefined;
    this.#onDetach = onDetach;
    this.output = this.#read();
  }

  async write(data: Uint8Array): Promise<void> {
    if (!this.#config.stdin || this.#closed) return;
    const passed = this.#filter?.push(data) ?? { data, detached: false };
    if (passed.data.length > 0) await this.#process.write(passed.data);
    if (passed.detached) this.#detach();
  }

  endInput(): void {
    if (!this.#config.stdin) return;
    if (this.tty) this.#detach();
    else this.#process.closeStdin();
  }

  close(): void {
    this.#closed = true;
    this.#left.resolve();
    this.#process.close();
  }

  #detach(): void {
    if (this.#closed) return;
    this.close();
    this.#onDetach();
  }

  async *#read(): AsyncGenerator<OutputChunk> {
    const chunks = this.#process.output[Symbol.asyncIterator]();
    let ended = false;
    const end = this.#process.exited.then(() => void (ended = true));
    for (;;) {
      const next = chunks.next();
      if (!ended) await Promise.race([next, end]);
      const result = ended ? await withinGrace(next) : await next;
      if (result === undefined || result.done === true) break;
      if (this.#wants(result.value)) yield result.value;
    }
    // The end of the stream is where clients ask for the exit code.
    await Promise.race([end, this.#left.promise]);
    this.close();
  }

  #wants({ stream }: OutputChunk): boolean {
    return stream === "stdout" ? this.#config.stdout : this.#config.stderr;
  }
}

async function withinGrace<T>(work: Promise<T>): Promise<T | undefined> {
  const pause = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => pause.resolve(undefined), GRACE);
  try {
    return await Promise.race([work, pause.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** Where an exec that could not be started says why: in its output, since the client has been promised a stream. */
export function failedStream(config: ExecConfig, message: string): StreamSession {
  return {
    tty: config.tty,
    output: (async function* report(): AsyncGenerator<OutputChunk> {
      yield { stream: "stdout", data: Buffer.from(`${message}\r\n`) };
    })(),
    write: async () => {},
    endInput() {},
    close() {},
  };
}
