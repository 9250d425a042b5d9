import type { OciLinux } from "#spec/oci-runtime/spec.ts";
import type { HostFacts, SpecInput } from "../../spec-input.ts";

/** Files that tell of the host or of other containers, or that reach its firmware (CVE-2018-10892, GHSA-jq35, GHSA-6fw5). */
const masked = [
  "/proc/acpi",
  "/proc/asound",
  "/proc/interrupts",
  "/proc/kcore",
  "/proc/keys",
  "/proc/latency_stats",
  "/proc/sched_debug",
  "/proc/scsi",
  "/proc/timer_list",
  "/proc/timer_stats",
  "/sys/firmware",
  "/sys/devices/virtual/powercap",
];

/** Files that configure the whole host. */
const readOnly = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];

/** What inspect shows of a container that named no paths of its own. */
export function defaultMaskedPaths(host: Pick<HostFacts, "thermalThrottlePaths">): readonly string[] {
  return [...masked, ...(host.thermalThrottlePaths ?? [])];
}

export const defaultReadonlyPaths: readonly string[] = readOnly;

/** HostConfig's own lists take the place of the defaults, also when they are empty (`--security-opt systempaths=unconfined`). */
export function pathProtection({ hostConfig, host }: SpecInput): Pick<OciLinux, "maskedPaths" | "readonlyPaths"> {
  if (hostConfig.Privileged === true) return { maskedPaths: [], readonlyPaths: [] };
  return {
    maskedPaths: [...(hostConfig.MaskedPaths ?? defaultMaskedPaths(host))],
    readonlyPaths: [...(hostConfig.ReadonlyPaths ?? readOnly)],
  };
}
