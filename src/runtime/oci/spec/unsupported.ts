import { EngineError } from "#errors/engine-error.ts";
import type { HostConfig } from "#spec/docker-api/types.ts";

/** A field that is refused, and how to say so. Remove a row when the engine learns it. */
interface Refusal {
  readonly field: string;
  readonly isAsked: (hostConfig: HostConfig) => boolean;
  /** Docker's text where Docker refuses it too. */
  readonly message?: (hostConfig: HostConfig) => string;
}

const noQuality = (what: string) => (): string => `invalid option: QoS maximum ${what} configuration is not supported on linux`;

/** Fields of Windows, which dockerd on Linux refuses or ignores, and those that this engine does not have yet. */
const refusals: readonly Refusal[] = [
  {
    field: "HostConfig.Isolation",
    isAsked: ({ Isolation = "" }) => Isolation !== "" && Isolation !== "default",
    message: ({ Isolation }) => `invalid isolation (${Isolation}): linux only supports 'default'`,
  },
  { field: "HostConfig.CpuCount", isAsked: ({ CpuCount = 0 }) => CpuCount !== 0 },
  { field: "HostConfig.IOMaximumIOps", isAsked: ({ IOMaximumIOps = 0 }) => IOMaximumIOps !== 0, message: noQuality("IOPs") },
  {
    field: "HostConfig.IOMaximumBandwidth",
    isAsked: ({ IOMaximumBandwidth = 0 }) => IOMaximumBandwidth !== 0,
    message: noQuality("bandwidth"),
  },
  {
    field: "HostConfig.SecurityOpt: credentialspec",
    isAsked: ({ SecurityOpt = [] }) => SecurityOpt.some((option) => /^credentialspec[=:]/i.test(option)),
  },
  { field: "HostConfig.Cgroup", isAsked: ({ Cgroup = "" }) => Cgroup !== "" },
];

/** Refuses what would otherwise be taken and not done. @throws EngineError `invalid` naming the field. */
export function unsupportedFields(hostConfig: HostConfig): void {
  const refusal = refusals.find(({ isAsked }) => isAsked(hostConfig));
  if (refusal === undefined) return;
  throw new EngineError("invalid", refusal.message?.(hostConfig) ?? `${refusal.field} is not supported`);
}
