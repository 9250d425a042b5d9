import { existsSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { monotonicMs } from "#lib/monotonic.ts";
import { WorkerPool } from "#lib/worker/pool.ts";
import { workerUrl } from "#lib/worker/url.ts";
import { bytePathOf } from "#lib/byte-path.ts";
import { restoreError } from "../worker/job-errors.ts";
import { removalOf } from "./remove-folder.ts";
import type { TreeJob } from "./tree-job.ts";

/** Removing as much as this takes a few milliseconds: less than to start a thread for it. */
const FEW_ENTRIES = 48;
/** The event loop is held up no longer than this, and by one entry. */
const SLICE_MS = 0.5;
const HEAP_MEGABYTES = 512;

/** Works on whole trees without holding up the event loop. */
export class Trees {
  readonly #pool: WorkerPool;

  constructor({ threads = 2, idleMs = 5_000 }: { threads?: number; idleMs?: number } = {}) {
    this.#pool = new WorkerPool({ name: "tree", url: workerUrl("tree"), threads, jobsPerThread: 1, idleMs, heapMegabytes: HEAP_MEGABYTES });
  }

  /** Missing is no error. */
  async remove(folder: string): Promise<void> {
    if (!existsSync(folder) || (await removeSmall(folder))) return;
    await this.#run({ kind: "remove", folder });
  }

  /** Bytes on disk below the folder. */
  async measure(folder: string): Promise<number> {
    return (await this.#run({ kind: "measure", folder })) as number;
  }

  /** Bytes that the regular files below the folder hold. */
  async contentSize(folder: string): Promise<number> {
    return (await this.#run({ kind: "content", folder })) as number;
  }

  /** Copies the content of a folder into another one. */
  async copy(from: string, to: string): Promise<void> {
    await this.#run({ kind: "copy", from, to });
  }

  /** Makes an empty subvolume of btrfs, at a path where nothing is. */
  async makeSubvolume(folder: string): Promise<void> {
    await this.#run({ kind: "subvolume", folder });
  }

  /** Makes a subvolume with all that is in another. */
  async snapshot(from: string, to: string): Promise<void> {
    await this.#run({ kind: "snapshot", from, to });
  }

  /** Missing, or something else, is no error, and stays. */
  async removeSubvolume(folder: string): Promise<void> {
    if (existsSync(folder)) await this.#run({ kind: "remove-subvolume", folder });
  }

  /** Bytes on the disk that are a subvolume's own, and not of the one that it is a snapshot of. */
  async measureSubvolume(folder: string): Promise<number> {
    return (await this.#run({ kind: "measure-subvolume", folder })) as number;
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

/** Removes a small folder in slices; false when it is not small, and some of it is left. */
async function removeSmall(folder: string): Promise<boolean> {
  const removal = removalOf(bytePathOf(folder));
  let until = monotonicMs() + SLICE_MS;
  for (let removed = 0; removed < FEW_ENTRIES; removed++) {
    if (removal.next().done === true) return true;
    if (monotonicMs() < until) continue;
    await setImmediate();
    until = monotonicMs() + SLICE_MS;
  }
  removal.return();
  return false;
}
