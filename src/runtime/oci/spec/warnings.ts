import type { HostConfig } from "#spec/docker-api/types.ts";
import { capabilityNames } from "#sys/host/host-facts.ts";
import type { HostFacts } from "../spec-input.ts";
import { unsupportedLimits } from "./host-support.ts";

/** What is done otherwise than it was asked for, because of the host: `Warnings` of the answer to a creation. */
export function warningsFor(hostConfig: HostConfig, host: HostFacts): string[] {
  return [
    ...privilegeWarnings(hostConfig, host),
    ...labelWarnings(hostConfig),
    ...unsupportedLimits(hostConfig, host),
    ...otherWarnings(hostConfig, host),
  ];
}

function* privilegeWarnings({ Privileged, CapAdd }: HostConfig, { capabilities }: HostFacts): Generator<string> {
  const wantsAll = Privileged === true || (CapAdd ?? []).some((name) => name.toUpperCase() === "ALL");
  const missing = capabilityNames.filter((name) => !capabilities.includes(name));
  if (wantsAll && missing.length > 0) yield `The daemon does not have ${missing.join(", ")}: the container gets all other capabilities.`;
}

function* labelWarnings({ SecurityOpt }: HostConfig): Generator<string> {
  const label = (SecurityOpt ?? []).find((option) => /^label[=:](?!disable$)/.test(option));
  if (label !== undefined) yield `SELinux is not enabled on this host. Security option ${label} discarded.`;
}

function* otherWarnings(
  { Memory = 0, OomKillDisable = false, NetworkMode = "", PortBindings = {} }: HostConfig,
  host: HostFacts,
): Generator<string> {
  if (OomKillDisable && host.cgroup !== "v2" && Memory === 0) {
    yield "OOM killer is disabled for the container, but no memory limit is set, this can result in the system running out of resources.";
  }
  if (NetworkMode === "host" && Object.keys(PortBindings).length > 0) {
    yield "Published ports are discarded when using host network mode";
  }
}
