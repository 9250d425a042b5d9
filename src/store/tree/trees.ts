import { existsSync } from "node:fs";
import { WorkerPool } from "#lib/worker-pool.ts";
import { workerUrl } from "#lib/worker-url.ts";
import { bytePathOf } from "#sys/byte-path.ts";
import { restoreError } from "../worker/job-errors.ts";
import { removeFolder } from "./remove-folder.ts";
import type { TreeJob } from "./tree-job.ts";

/** Removing as much as this takes a fraction of a millisecond: less than to tell a thread of it. */
const FEW_ENTRIES = 48;
const HEAP_MEGABYTES = 512;

/** Works on whole trees without holding up the event loop. */
export class Trees {
  readonly #pool: WorkerPool;

  constructor({ threads = 2, idleMs = 5_000 }: { threads?: number; idleMs?: number } = {}) {
    this.#pool = new WorkerPool({ name: "tree", url: workerUrl("tree"), threads, jobsPerThread: 1, idleMs, heapMegabytes: HEAP_MEGABYTES });
  }

  /** Missing is no error. */
  async remove(folder: string): Promise<void> {
    if (!existsSync(folder) || removeFolder(bytePathOf(folder), FEW_ENTRIES)) return;
    await this.#run({ kind: "remove", folder });
  }

  /** Bytes on disk below the folder. */
  async measure(folder: string): Promise<number> {
    return (await this.#run({ kind: "measure", folder })) as number;
  }

  /** Copies the content of a folder into another one. */
  async copy(from: string, to: string): Promise<void> {
    await this.#run({ kind: "copy", from, to });
  }

  close(): Promise<void> {
    return this.#pool.close();
  }

  async #run(job: TreeJob): Promise<unknown> {
    try {
      return await this.#pool.run(job);
    } catch (error) {
      throw restoreError(error);
    }
  }
}
