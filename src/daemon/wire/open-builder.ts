import { availableParallelism } from "node:os";
import { join } from "node:path";
import { BuildService, type BuildServiceDeps } from "#build/build-service.ts";
import { CacheMounts } from "#build/cache/cache-mounts.ts";
import { InputStore } from "#build/explain/input-store.ts";
import { makePlan } from "#build/plan/make-plan.ts";
import { BuildThreads } from "#build/worker/build-thread.ts";
import type { Database } from "#store/db/database.ts";
import type { Trees } from "#store/tree/trees.ts";

const LEAST_PARALLEL = 4;

/** In a file of its own, so that a daemon that builds nothing does not load the builder. */
export function openBuilder(
  deps: Omit<BuildServiceDeps, "threads" | "mounts" | "inputs" | "plan" | "trees"> & { readonly database: Database; readonly trees: Trees },
  root: string,
): BuildService {
  const mounts = new CacheMounts(deps, join(root, "caches"));
  const logger = deps.logger.child({ part: "builder" });
  const parallel = Math.max(LEAST_PARALLEL, availableParallelism());
  return new BuildService(
    { ...deps, logger, mounts, inputs: new InputStore(deps), threads: new BuildThreads(), plan: makePlan },
    { root, parallel },
  );
}
