import { WorkerJobFailure, WorkerPool } from "#lib/worker/pool.ts";
import { workerUrl } from "#lib/worker/url.ts";
import { settlesWithin } from "#lib/within.ts";
import { SystemCallError } from "#sys/ffi.ts";
import type { MountJob } from "./mount-job.ts";
import { reasonOf, runMountJob } from "./run-mount-job.ts";

/** A dead file server is not waited for any longer; the kernel goes on trying on its thread. */
const PATIENCE_MS = 90_000;
const HEAP_MEGABYTES = 32;
/** These ask nobody: a few microseconds, and no thread. */
const AT_ONCE = new Set(["tmpfs", "none", "bind"]);

/** Mounts for the local driver. */
export class Mounter {
  readonly #pool = new WorkerPool({
    name: "mount",
    url: workerUrl("mount"),
    threads: 4,
    jobsPerThread: 1,
    idleMs: 5_000,
    heapMegabytes: HEAP_MEGABYTES,
  });

  /** @throws MountFailure. */
  async run(job: MountJob): Promise<void> {
    if (job.kind === "mount" && AT_ONCE.has(job.type)) return atOnce(job);
    const done = this.#pool.run(job);
    if (!(await settlesWithin(done, PATIENCE_MS))) throw new MountFailure("timed out");
    await done.catch((error: unknown) => {
      throw new MountFailure(error instanceof WorkerJobFailure ? String(error.failure) : String(error));
    });
  }

  close(): Promise<void> {
    return this.#pool.close();
  }
}

/** What the kernel says of it. */
export class MountFailure extends Error {
  override readonly name = "MountFailure";
}

function atOnce(job: MountJob): void {
  try {
    runMountJob(job);
  } catch (error) {
    throw error instanceof SystemCallError ? new MountFailure(reasonOf(error)) : error;
  }
}
