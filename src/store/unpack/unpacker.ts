import { resolve } from "node:path";
import { EngineError } from "#errors/engine-error.ts";
import { WorkerPool } from "#lib/worker/pool.ts";
import { workerUrl } from "#lib/worker/url.ts";
import { runJob, runSourceJob } from "../worker/fed-job.ts";
import type { JobInput } from "../worker/job-input.ts";
import { defaultUnpackLimits, type Unpacked, type Unpacker, type UnpackLimits, type UnpackRequest } from "./contract.ts";
import type { UnpackJob, UnpackOutcome, UnpackSource } from "./job.ts";

export interface UnpackerOptions {
  /** Archives at once. More than there are processors: those of downloads sleep most of the time. */
  readonly threads?: number;
  readonly idleMs?: number;
  readonly limits?: Partial<UnpackLimits>;
}

const HEAP_MEGABYTES = 512;

export function createUnpacker({ threads = 4, idleMs = 10_000, limits = {} }: UnpackerOptions = {}): Unpacker {
  // One job a thread: the root is the thread's.
  const pool = new WorkerPool({
    name: "unpack",
    url: workerUrl("unpack"),
    threads,
    jobsPerThread: 1,
    idleMs,
    heapMegabytes: HEAP_MEGABYTES,
  });
  return {
    unpack: async (request, signal) => {
      const outcome = await run(pool, request, { ...defaultUnpackLimits, ...limits, ...request.limits }, signal);
      return verified(request, outcome);
    },
    close: () => pool.close(),
  };
}

async function run(pool: WorkerPool, request: UnpackRequest, limits: UnpackLimits, signal: AbortSignal): Promise<UnpackOutcome> {
  const { source, whiteouts, expectedBlob, onProgress } = request;
  // The thread has a working folder of its own.
  const folder = resolve(request.folder);
  const below = request.below === undefined ? undefined : resolve(request.below);
  const common = { folder, whiteouts, below, hashBlob: expectedBlob !== undefined, limits };
  const onNote = (note: unknown): void => onProgress?.(note as number);
  if ("stream" in source) {
    const job = (input: JobInput): UnpackJob => ({ ...common, source: { kind: "stream", input } });
    return (await runSourceJob(pool, { source: source.stream, job, signal, onNote })) as UnpackOutcome;
  }
  const job: UnpackJob = { ...common, source: fileOf(source) };
  return (await runJob(pool, job, { signal, onNote })) as UnpackOutcome;
}

function fileOf(source: Exclude<UnpackRequest["source"], { readonly stream: unknown }>): UnpackSource {
  if ("path" in source) return { kind: "file", path: resolve(source.path) };
  const { paths, progress } = source.growing;
  return { kind: "growing", paths: [resolve(paths[0]), resolve(paths[1])], progress };
}

function verified({ expectedDiffId, expectedBlob }: UnpackRequest, outcome: UnpackOutcome): Unpacked {
  const { diffId, blobDigest, blobSize, contentSize, entries } = outcome;
  if (expectedBlob?.size !== undefined && expectedBlob.size !== blobSize) {
    throw new EngineError("invalid", `layer has ${blobSize} bytes, expected ${expectedBlob.size}`, { code: "size-mismatch" });
  }
  checkDigest("layer digest", expectedBlob?.digest, blobDigest);
  checkDigest("layer diff id", expectedDiffId, diffId);
  return { diffId, blob: blobDigest === undefined ? undefined : { digest: blobDigest, size: blobSize }, contentSize, entries };
}

function checkDigest(what: string, expected: string | undefined, found: string | undefined): void {
  if (expected === undefined || expected === found) return;
  throw new EngineError("invalid", `${what} is ${found}, expected ${expected}`, { code: "digest-mismatch" });
}
