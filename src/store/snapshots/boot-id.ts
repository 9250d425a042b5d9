import { readFileSync } from "node:fs";

/** Changes with every start of the host: what only lived in memory is gone when it is another one. */
export function currentBootId(): string {
  return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
}
