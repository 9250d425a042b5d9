import type { BuildPlan } from "../plan/plan.ts";

/** The ids of the cache mounts of a plan's commands, each once. */
export function cacheMountsOf({ steps }: Pick<BuildPlan, "steps">): string[] {
  const ids = steps.flatMap(({ operation }) =>
    operation.kind === "run" ? operation.mounts.flatMap((mount) => (mount.type === "cache" ? [mount.id] : [])) : [],
  );
  return [...new Set(ids)];
}
