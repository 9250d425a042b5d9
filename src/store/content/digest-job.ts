import type { MessagePort } from "node:worker_threads";
import type { Digest } from "#spec/digest.ts";

/** A stream to be written to a new file and hashed on the way. */
export interface DigestJob {
  readonly path: string;
  readonly port: MessagePort;
  /** Kept up to date for those who read along. The only note says that there is a file. */
  readonly progress: SharedArrayBuffer;
  readonly limit: number;
  readonly expectedSize: number | undefined;
}

export interface DigestOutcome {
  readonly digest: Digest;
  readonly size: number;
}
