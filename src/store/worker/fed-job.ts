import type { MessagePort } from "node:worker_threads";
import { EngineError } from "#errors/engine-error.ts";
import type { ByteSource } from "#lib/byte-source.ts";
import type { WorkerPool } from "#lib/worker/pool.ts";
import { ChunkFeeder } from "./chunk-feeder.ts";
import { restoreError } from "./job-errors.ts";
import type { JobInput } from "./job-input.ts";
import { LentWire } from "./lent-wire.ts";

export interface FedJob {
  readonly source: AsyncIterable<Uint8Array>;
  /** The job, given the thread's end of the stream. */
  readonly job: (port: MessagePort) => unknown;
  readonly signal: AbortSignal;
  readonly onNote?: ((note: unknown) => void) | undefined;
}

/** Runs a job that reads a stream. @throws what the source throws; EngineError as the job threw it, or `cancelled`. */
export async function runFedJob(pool: WorkerPool, { source, job, signal, onNote }: FedJob): Promise<unknown> {
  const feeder = new ChunkFeeder();
  let sourceFailure: { readonly error: unknown } | undefined;
  const cancel = (): void => {
    feeder.stop("cancelled");
  };
  signal.addEventListener("abort", cancel, { once: true });
  feeder.run(source).catch((error: unknown) => {
    sourceFailure = { error };
  });
  try {
    return await runJob(pool, job(feeder.port), { signal, transfer: [feeder.port], ...(onNote === undefined ? {} : { onNote }) });
  } catch (error) {
    // The thread only knows that the stream failed.
    throw sourceFailure === undefined ? error : sourceFailure.error;
  } finally {
    signal.removeEventListener("abort", cancel);
    feeder.close();
  }
}

export interface SourceJob extends Pick<FedJob, "signal" | "onNote"> {
  readonly source: ByteSource;
  /** The job, given the thread's end of the stream. */
  readonly job: (input: JobInput) => unknown;
}

/**
 * As `runFedJob`, for a thread that may sleep while it waits for the source, one job at a time: it reads what comes from a socket for itself.
 */
export async function runSourceJob(pool: WorkerPool, { source, job, signal, onNote }: SourceJob): Promise<unknown> {
  const lent = source.lend?.();
  if (lent === undefined) return await runFedJob(pool, { source, job: (port) => job({ kind: "port", port }), signal, onNote });
  using wire = new LentWire(lent);
  return await runJob(pool, job({ kind: "wire", ...wire.end }), { signal, ...(onNote === undefined ? {} : { onNote }) });
}

/** Runs a job. @throws EngineError as the job threw it, or `cancelled`. */
export async function runJob(
  pool: WorkerPool,
  job: unknown,
  options: Parameters<WorkerPool["run"]>[1] & { signal: AbortSignal },
): Promise<unknown> {
  try {
    return await pool.run(job, options);
  } catch (error) {
    if (options.signal.aborted) throw new EngineError("cancelled", "the caller went away", { cause: error });
    throw restoreError(error);
  }
}
