import { parentPort } from "node:worker_threads";
import type { JobAnswer, JobMessage } from "./pool.ts";

export interface JobContext {
  /** True once the job was cancelled. */
  readonly cancelled: () => boolean;
  readonly note: (note: unknown) => void;
}

/**
 * The thread's side of a `WorkerPool`: takes jobs and answers them.
 *
 * @param describe what of an error crosses to the other thread (structured clone keeps no class and no category).
 */
export function serveJobs(work: (job: unknown, context: JobContext) => unknown, describe: (error: unknown) => unknown): void {
  parentPort?.on("message", (message: JobMessage) => {
    void serve(message, work, describe);
  });
}

async function serve(
  { id, job, cancel }: JobMessage,
  work: (job: unknown, context: JobContext) => unknown,
  describe: (error: unknown) => unknown,
): Promise<void> {
  const flag = new Int32Array(cancel);
  const context: JobContext = {
    cancelled: () => Atomics.load(flag, 0) !== 0,
    note: (note) => {
      answer({ kind: "note", id, note });
    },
  };
  try {
    answer({ kind: "done", id, result: await work(job, context) });
  } catch (error) {
    answer({ kind: "failed", id, failure: describe(error) });
  }
}

function answer(message: JobAnswer): void {
  parentPort?.postMessage(message);
}
