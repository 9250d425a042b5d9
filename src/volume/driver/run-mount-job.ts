import { getSystemErrorMessage } from "node:util";
import { SystemCallError } from "#sys/ffi.ts";
import { mount, unmount } from "#sys/mounts/mount.ts";
import type { MountJob } from "./mount-job.ts";

const MS_REMOUNT = 32;

/** Synchronous. What was mounted when it throws is unmounted. @throws SystemCallError. */
export function runMountJob(job: MountJob): void {
  if (job.kind === "unmount") return unmount(job.target);
  const { source, target, type, flags, data, remount, propagation } = job;
  mount({ source, target, type, flags, options: data });
  try {
    if (remount !== 0) mount({ source: "none", target, type: "none", flags: remount | MS_REMOUNT });
    if (propagation !== 0) mount({ source: "none", target, type: "none", flags: propagation });
  } catch (error) {
    unmount(target);
    throw error;
  }
}

/** In the words of the kernel. */
export function reasonOf(error: unknown): string {
  return error instanceof SystemCallError ? getSystemErrorMessage(-error.errno) : String(error);
}
