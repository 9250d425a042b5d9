import { EngineError } from "#errors/engine-error.ts";
import type { JobContext } from "#lib/worker/jobs.ts";
import { clampTimes } from "./clamp-times.ts";
import { copyItems } from "./copy-items.ts";
import type { Inventory } from "../attest/inventory.ts";
import { takeInventory } from "./inventory/take-inventory.ts";
import type { BuildJob, Selection } from "./job.ts";
import { select } from "./select.ts";
import { TargetTree } from "./target-tree.ts";

export async function runBuildJob(job: BuildJob, context: JobContext): Promise<Selection | Inventory | string | undefined> {
  const cancelled = (): void => {
    if (context.cancelled()) throw new EngineError("cancelled", "the caller went away");
  };
  switch (job.kind) {
    case "select":
      return await select(job, cancelled);
    case "copy":
      copyItems(job, cancelled);
      return undefined;
    case "folders": {
      using target = new TargetTree(job.root, job);
      return target.makeFolders(job.path);
    }
    case "inventory":
      return takeInventory(job.folder, cancelled);
    case "clamp":
      clampTimes(job.folder, job.time, cancelled);
      return undefined;
  }
}
