import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { EngineError } from "#errors/engine-error.ts";
import type { Instance } from "#spec/instance.ts";

/**
 * Notes whose containers run from this exec root. A daemon with another data root (another `userns-remap` has one) knows none of
 * them, and would clear them away as nobody's.
 *
 * @throws EngineError `conflict` while some run.
 */
export function claimExecRoot({ execRoot, dataRoot }: Pick<Instance, "execRoot" | "dataRoot">): void {
  const note = join(execRoot, "data-root");
  const before = readOptional(note);
  if (before === dataRoot) return;
  if (before !== undefined && namesIn(join(execRoot, "bundles")).length > 0) {
    throw new EngineError("conflict", `containers of ${before} are still running: stop them before the data root or its users change`);
  }
  writeFileSync(note, dataRoot, { mode: 0o600 });
}

function readOptional(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
