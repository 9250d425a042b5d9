import { mergeLogConfig, type LogConfig } from "#logs/config/drivers.ts";
import type { HostConfig } from "#spec/docker-api/types.ts";
import { networkModeOf } from "./network-request.ts";

/** What the daemon fills in where a user said nothing. */
export interface HostConfigDefaults {
  readonly runtime: string;
  readonly logDefaults: LogConfig;
  readonly shmSize: number;
  readonly cgroupNamespace: "private" | "host";
  readonly ipcMode: "private" | "shareable";
  readonly maskedPaths: readonly string[];
  readonly readonlyPaths: readonly string[];
}

/** Completes a HostConfig the way dockerd 28 shows it: what was given stays as it was given, also an empty list. */
export function completeHostConfig(given: HostConfig, defaults: HostConfigDefaults): HostConfig {
  const unconfined = given.Privileged === true;
  return {
    ...given,
    NetworkMode: networkModeOf(given.NetworkMode),
    RestartPolicy: { Name: given.RestartPolicy?.Name || "no", MaximumRetryCount: given.RestartPolicy?.MaximumRetryCount ?? 0 },
    LogConfig: completeLogConfig(given, defaults),
    IpcMode: given.IpcMode || defaults.ipcMode,
    CgroupnsMode: given.CgroupnsMode || defaults.cgroupNamespace,
    ShmSize: given.ShmSize || defaults.shmSize,
    Runtime: given.Runtime || defaults.runtime,
    MaskedPaths: given.MaskedPaths ?? (unconfined ? undefined : [...defaults.maskedPaths]),
    ReadonlyPaths: given.ReadonlyPaths ?? (unconfined ? undefined : [...defaults.readonlyPaths]),
    ...completeResources(given),
  };
}

function completeLogConfig({ LogConfig = {} }: HostConfig, { logDefaults }: HostConfigDefaults): NonNullable<HostConfig["LogConfig"]> {
  const { driver, options } = mergeLogConfig(LogConfig, logDefaults);
  return { Type: driver as "json-file", Config: { ...options } };
}

/** -1, and for the pids 0 too, is Docker's "no limit"; memory alone means as much swap again. */
export function completeResources(given: HostConfig): Pick<HostConfig, "PidsLimit" | "MemorySwappiness" | "MemorySwap"> {
  const memory = given.Memory ?? 0;
  return {
    PidsLimit: given.PidsLimit !== undefined && given.PidsLimit > 0 ? given.PidsLimit : undefined,
    MemorySwappiness: given.MemorySwappiness === -1 ? undefined : given.MemorySwappiness,
    MemorySwap: memory > 0 && !given.MemorySwap ? memory * 2 : given.MemorySwap,
  };
}
