import { WorkerPool } from "#lib/worker/pool.ts";
import { workerUrl } from "#lib/worker/url.ts";
import { runJob } from "#store/worker/fed-job.ts";
import type { Inventory } from "../attest/inventory.ts";
import type { ClampJob, CopyJob, FoldersJob, InventoryJob, SelectJob, Selection } from "./job.ts";

const HEAP_MEGABYTES = 512;
const THREADS = 4;
const IDLE_MS = 5000;

/** Works on the file trees of builds, on threads of its own. @throws EngineError as the work does, `cancelled`, `exhausted`. */
export class BuildThreads {
  readonly #pool = new WorkerPool({
    name: "build",
    url: workerUrl("build"),
    threads: THREADS,
    jobsPerThread: 1,
    idleMs: IDLE_MS,
    heapMegabytes: HEAP_MEGABYTES,
  });

  async select(job: Omit<SelectJob, "kind">, signal: AbortSignal): Promise<Selection> {
    return (await runJob(this.#pool, { kind: "select", ...job } satisfies SelectJob, { signal })) as Selection;
  }

  async copy(job: Omit<CopyJob, "kind">, signal: AbortSignal): Promise<void> {
    await runJob(this.#pool, { kind: "copy", ...job } satisfies CopyJob, { signal });
  }

  /** @returns the path that it really has. */
  async makeFolders(job: Omit<FoldersJob, "kind">, signal: AbortSignal): Promise<string> {
    return (await runJob(this.#pool, { kind: "folders", ...job } satisfies FoldersJob, { signal })) as string;
  }

  async clampTimes(job: Omit<ClampJob, "kind">, signal: AbortSignal): Promise<void> {
    await runJob(this.#pool, { kind: "clamp", ...job } satisfies ClampJob, { signal });
  }

  /** What is installed in a tree. @throws EngineError `too-large`. */
  async takeInventory(folder: string, signal: AbortSignal): Promise<Inventory> {
    return (await runJob(this.#pool, { kind: "inventory", folder } satisfies InventoryJob, { signal })) as Inventory;
  }

  close(): Promise<void> {
    return this.#pool.close();
  }
}
