import { writeFile } from "node:fs/promises";
import { EngineError } from "#errors/engine-error.ts";
import type { CgroupHost } from "#sys/cgroups/cgroup-paths.ts";
import { readSmallFile } from "#sys/files/read-small-file.ts";
import { planLimits } from "./plan.ts";
import type { Limits, Write } from "./write.ts";

/**
 * Writes limits into a group that exists, all or none: what was written before one that the kernel refuses is taken back.
 *
 * @throws EngineError `system` naming the file and the kernel's reason.
 */
export async function applyLimits(host: CgroupHost, path: string, limits: Limits): Promise<void> {
  const undo: Write[] = [];
  for (const write of planLimits(limits, host, path, { read: readSmallFile })) {
    const before = takenBack(write, readSmallFile(write.file));
    try {
      // Without `w` a file that the kernel lacks would be a failure of another kind: cgroupfs makes no files.
      await writeFile(write.file, write.text, { flag: "r+" });
    } catch (cause) {
      await writeBack(undo);
      throw refusal(write, cause);
    }
    undo.unshift(...before);
  }
}

/** What brings a file back; of a list by device, the line of the device in question. */
function takenBack({ file, text }: Write, before: string): Write[] {
  const device = /^\d+:\d+ /.exec(text)?.[0];
  const line = before.split("\n").find((one) => device === undefined || one.startsWith(device)) ?? "";
  if (file.endsWith("memory.oom_control")) return [{ file, text: /^oom_kill_disable (\d)/.exec(before)?.[1] ?? "0" }];
  if (line !== "") return [{ file, text: line }];
  return device === undefined || file.includes("weight") ? [] : [{ file, text: withoutLimit(text) }];
}

/** `254:0 1048576` and `254:0 rbps=1048576`. */
function withoutLimit(text: string): string {
  return text.includes("=") ? text.replace(/=.*$/, "=max") : text.replace(/ .*$/, " 0");
}

async function writeBack(writes: readonly Write[]): Promise<void> {
  for (const { file, text } of writes) await writeFile(file, text, { flag: "r+" }).catch(() => {});
}

/** The reasons that the kernel gives by a number alone, for a file that it has. */
const REASONS: Readonly<Record<string, string>> = {
  EBUSY: "device or resource busy: it is in use beyond that",
  EINVAL: "invalid argument",
  ENODEV: "no such device",
  ENOENT: "this kernel does not have it",
  ERANGE: "numerical result out of range",
  EPERM: "operation not permitted",
  EACCES: "permission denied",
  ENOSPC: "no space left on device: the cpuset would be empty",
};

function refusal({ file, text }: Write, cause: unknown): EngineError {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  return new EngineError("system", `failed to write ${JSON.stringify(text)}: write ${file}: ${REASONS[code] ?? code}`, { cause });
}
