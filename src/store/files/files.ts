import { EngineError } from "#errors/engine-error.ts";
import type { IdMapping } from "#lib/id-mapping.ts";
import { WorkerPool } from "#lib/worker/pool.ts";
import { workerUrl } from "#lib/worker/url.ts";
import { defaultUnpackLimits, type UnpackLimits } from "../unpack/contract.ts";
import { runJob, runSourceJob } from "../worker/fed-job.ts";
import type { JobInput } from "../worker/job-input.ts";
import type {
  ContainerFiles,
  ExtractRequest,
  FileChange,
  LayerRequest,
  PackedLayer,
  PackedPath,
  PathStat,
  TreeDiff,
  ViewRequest,
} from "./contract.ts";
import type { FilesJob } from "./job.ts";
import { RingReader, type RingMemory } from "./ring.ts";

export interface FilesOptions {
  /** Archives at once: a client that reads slowly keeps one. */
  readonly threads?: number;
  readonly idleMs?: number;
}

const HEAP_MEGABYTES = 512;
/** A user's own disk is his to fill. */
const LIMITS: UnpackLimits = { ...defaultUnpackLimits, freeShare: 0, freeBytes: 0, bytes: 4 * 1024 ** 4 };

export function createContainerFiles({ threads = 8, idleMs = 10_000 }: FilesOptions = {}): ContainerFiles {
  return new FilesOnThreads(
    // One job a thread: the root is the thread's.
    new WorkerPool({ name: "files", url: workerUrl("files"), threads, jobsPerThread: 1, idleMs, heapMegabytes: HEAP_MEGABYTES }),
  );
}

class FilesOnThreads implements ContainerFiles {
  readonly #pool: WorkerPool;

  constructor(pool: WorkerPool) {
    this.#pool = pool;
  }

  async stat(view: ViewRequest, path: string, signal: AbortSignal): Promise<PathStat> {
    return (await this.#run({ kind: "stat", view, path }, signal)) as PathStat;
  }

  async pack(view: ViewRequest, path: string, signal: AbortSignal): Promise<PackedPath> {
    const stat = Promise.withResolvers<PathStat>();
    const onNote = (note: unknown): boolean => {
      if (typeof note === "number") return false;
      stat.resolve(note as PathStat);
      return true;
    };
    const reader = this.#ring((ring) => ({ kind: "pack", view, path, ring }), signal, { onNote, onFailure: stat.reject });
    return { stat: await stat.promise, body: reader.pieces() };
  }

  async extract(view: ViewRequest, request: ExtractRequest, signal: AbortSignal): Promise<void> {
    const { path, keepKinds, owner, archive } = request;
    const job = (input: JobInput): FilesJob => ({ kind: "extract", view, path, keepKinds, owner, input, limits: LIMITS });
    await runSourceJob(this.#pool, { source: archive, job, signal });
  }

  packFolder(folder: string, users: IdMapping | undefined, signal: AbortSignal): AsyncIterable<Uint8Array> {
    return this.#ring((ring) => ({ kind: "pack-folder", folder, users, ring }), signal).pieces();
  }

  async changes(diff: TreeDiff, signal: AbortSignal): Promise<readonly FileChange[]> {
    return (await this.#run({ kind: "changes", diff }, signal)) as readonly FileChange[];
  }

  async packLayer(request: LayerRequest, signal: AbortSignal): Promise<PackedLayer> {
    return (await this.#run({ kind: "pack-layer", ...request }, signal)) as PackedLayer;
  }

  close(): Promise<void> {
    return this.#pool.close();
  }

  #run(job: FilesJob, signal: AbortSignal): Promise<unknown> {
    return runJob(this.#pool, job, { signal });
  }

  /** Starts a job that fills a ring. @param job given the memory of the ring. */
  #ring(
    job: (memory: RingMemory) => FilesJob,
    signal: AbortSignal,
    on: { onNote?: (note: unknown) => boolean; onFailure?: (error: unknown) => void } = {},
  ): RingReader {
    const reader = new RingReader();
    const stop = (): void => {
      reader.stop();
      reader.end({ error: new EngineError("cancelled", "the caller went away") });
    };
    const onNote = (note: unknown): void => {
      if (on.onNote?.(note) !== true) reader.arrive(note as number);
    };
    signal.addEventListener("abort", stop, { once: true });
    runJob(this.#pool, job(reader.memory), { signal, onNote })
      .then(
        () => reader.end(),
        (error: unknown) => {
          on.onFailure?.(error);
          reader.end({ error });
        },
      )
      .finally(() => signal.removeEventListener("abort", stop));
    return reader;
  }
}
