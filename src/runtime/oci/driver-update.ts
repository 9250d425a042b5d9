import { rm, writeFile } from "node:fs/promises";
import { EngineError } from "#errors/engine-error.ts";
import type { OciSpec } from "#spec/oci-runtime/spec.ts";
import { type DriverContext, filesOf, type LiveContainer } from "./driver-context.ts";
import { runRuntime } from "./runtimes-command.ts";

export type Resources = NonNullable<NonNullable<OciSpec["linux"]>["resources"]>;

/** The runtime knows which file of which cgroup layout a limit belongs into, and in which order they are written. */
export async function updateContainer(context: DriverContext, live: LiveContainer, resources: Resources): Promise<void> {
  const path = `${filesOf(context, live.id).record}.update`;
  await writeFile(path, JSON.stringify(resources), { mode: 0o600 });
  try {
    const { exitCode, output } = await runRuntime(live.runtime, "update", "--resources", path, live.id);
    if (exitCode !== 0) throw new EngineError("system", `OCI runtime update failed: ${output.trim()}: unknown`);
  } finally {
    await rm(path, { force: true });
  }
}
