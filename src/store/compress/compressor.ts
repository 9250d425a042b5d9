import { EngineError } from "#errors/engine-error.ts";
import { WorkerPool } from "#lib/worker/pool.ts";
import { workerUrl } from "#lib/worker/url.ts";
import { RingReader } from "../files/ring.ts";
import { runJob } from "../worker/fed-job.ts";
import type { Compressed, CompressedStream, Compressor } from "./contract.ts";
import type { CompressJob } from "./job.ts";

export interface CompressorOptions {
  /** Layers at once: whoever sends one slowly keeps a thread. */
  readonly threads?: number;
  readonly idleMs?: number;
}

const HEAP_MEGABYTES = 128;

export function createCompressor({ threads = 5, idleMs = 5_000 }: CompressorOptions = {}): Compressor {
  // One job a thread: it sleeps in the kernel while nobody takes what it has made.
  const pool = new WorkerPool({
    name: "compress",
    url: workerUrl("compress"),
    threads,
    jobsPerThread: 1,
    idleMs,
    heapMegabytes: HEAP_MEGABYTES,
  });
  return { compress: (path, signal) => compress(pool, path, signal), close: () => pool.close() };
}

function compress(pool: WorkerPool, path: string, signal: AbortSignal): CompressedStream {
  const reader = new RingReader();
  const stop = (): void => {
    reader.stop();
    reader.end({ error: new EngineError("cancelled", "the caller went away") });
  };
  signal.addEventListener("abort", stop, { once: true });
  const job: CompressJob = { path, ring: reader.memory };
  const result = runJob(pool, job, { signal, onNote: (note) => reader.arrive(note as number) }).finally(() =>
    signal.removeEventListener("abort", stop),
  ) as Promise<Compressed>;
  result.then(
    () => reader.end(),
    (error: unknown) => reader.end({ error }),
  );
  return { pieces: reader.pieces(), result };
}
