import type { OutputChunk } from "#runtime/contract.ts";

/** One client on the stdio of a container or of an exec, as the wire serves it. */
export interface StreamSession {
  /** Its output comes from a terminal: one stream, no frames. */
  readonly tty: boolean;
  /** Ends after the last byte, or when the session is closed. */
  readonly output: AsyncIterable<OutputChunk>;
  /** What the client typed. Resolves when it has been taken; after the detach keys the session is closed. */
  write(data: Uint8Array): Promise<void>;
  /** The client's input has ended; its output may go on. */
  endInput(): void;
  /** Lets go of the process, which is not disturbed. Idempotent. */
  close(): void;
}
