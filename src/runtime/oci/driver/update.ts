import { rm, writeFile } from "node:fs/promises";
import { EngineError } from "#errors/engine-error.ts";
import type { OciSpec } from "#spec/oci-runtime/spec.ts";
import { type DriverContext, filesOf, type LiveContainer } from "./context.ts";
import { applyLimits } from "../limits/apply.ts";
import { allowRealtime } from "../limits/realtime.ts";
import { runRuntime } from "../runtimes-command.ts";

export type Resources = NonNullable<NonNullable<OciSpec["linux"]>["resources"]>;

/**
 * A container of crun or runc is a control group, and its limits are the files of that: they are written here. Their own `update` is a
 * process more, and gets some cases wrong (crun 1.8 and runc 1.1 on v1: memory raised beyond the old limit together with unlimited
 * swap). Another runtime may keep its containers elsewhere, and is asked.
 */
export async function updateContainer(context: DriverContext, live: LiveContainer, resources: Resources): Promise<void> {
  if (live.runtime.kind === "other") return await askRuntime(context, live, resources);
  const { cgroupPath } = live.record;
  await allowRealtime(context.cgroups, cgroupPath, resources);
  await applyLimits(context.cgroups, cgroupPath, resources);
}

async function askRuntime(context: DriverContext, live: LiveContainer, resources: Resources): Promise<void> {
  const path = `${filesOf(context, live.id).record}.update`;
  await writeFile(path, JSON.stringify(resources), { mode: 0o600 });
  try {
    const { exitCode, output } = await runRuntime(live.runtime, "update", "--resources", path, live.id);
    if (exitCode !== 0) throw new EngineError("system", `OCI runtime update failed: ${output.trim()}: unknown`);
  } finally {
    await rm(path, { force: true });
  }
}
