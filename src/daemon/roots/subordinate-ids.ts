import { appendFileSync, readFileSync } from "node:fs";
import type { DaemonConfig } from "#config/daemon-config.ts";
import { EngineError, messageOf } from "#errors/engine-error.ts";

/** Writes down that the ids of `userns-remap: default` are taken, where useradd looks before it gives some to a new account. */
export function claimSubordinateIds(remap: DaemonConfig["userRemap"]): void {
  for (const [name, line] of Object.entries(remap?.claims ?? {})) append(`/etc/${name}`, line);
}

function append(path: string, line: string): void {
  try {
    const text = readOptional(path);
    if (text.split("\n").includes(line)) return;
    appendFileSync(path, `${text === "" || text.endsWith("\n") ? "" : "\n"}${line}\n`);
  } catch (cause) {
    throw new EngineError("system", `userns-remap: ${path} could not be written: ${messageOf(cause)}`, { cause });
  }
}

function readOptional(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw error;
  }
}
