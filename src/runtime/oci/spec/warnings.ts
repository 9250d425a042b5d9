import type { HostConfig } from "#spec/docker-api/types.ts";
import { capabilityNames } from "#sys/host-facts.ts";
import type { HostFacts } from "../spec-input.ts";

/** What is done otherwise than it was asked for, because of the host: `Warnings` of the answer to a creation. */
export function warningsFor(hostConfig: HostConfig, host: HostFacts): string[] {
  return [...privilegeWarnings(hostConfig, host), ...memoryWarnings(hostConfig, host), ...otherWarnings(hostConfig, host)];
}

function* privilegeWarnings({ Privileged, CapAdd }: HostConfig, { capabilities }: HostFacts): Generator<string> {
  const wantsAll = Privileged === true || (CapAdd ?? []).some((name) => name.toUpperCase() === "ALL");
  const missing = capabilityNames.filter((name) => !capabilities.includes(name));
  if (wantsAll && missing.length > 0) yield `The daemon does not have ${missing.join(", ")}: the container gets all other capabilities.`;
}

function* memoryWarnings(hostConfig: HostConfig, { swapLimit, cgroup }: HostFacts): Generator<string> {
  const { Memory = 0, MemorySwap = 0, MemorySwappiness = -1, OomKillDisable = false } = hostConfig;
  if (Memory > 0 && MemorySwap !== -1 && swapLimit === false) {
    yield "Your kernel does not support swap limit capabilities or the cgroup is not mounted. Memory limited without swap.";
  }
  if (MemorySwappiness !== -1 && cgroup === "v2") {
    yield "Your kernel does not support memory swappiness capabilities or the cgroup is not mounted. Memory swappiness discarded.";
  }
  if (OomKillDisable && cgroup === "v2") yield "Your kernel does not support OomKillDisable. OomKillDisable discarded.";
  if (OomKillDisable && cgroup !== "v2" && Memory === 0) {
    yield "OOM killer is disabled for the container, but no memory limit is set, this can result in the system running out of resources.";
  }
}

function* otherWarnings(hostConfig: HostConfig, { blkioWeight }: HostFacts): Generator<string> {
  const { BlkioWeight = 0, BlkioWeightDevice = [], NetworkMode = "", PortBindings = {} } = hostConfig;
  if (blkioWeight === false && BlkioWeight > 0) {
    yield "Your kernel does not support Block I/O weight or the cgroup is not mounted. Weight discarded.";
  }
  if (blkioWeight === false && BlkioWeightDevice.length > 0) {
    yield "Your kernel does not support Block I/O weight_device or the cgroup is not mounted. Weight-device discarded.";
  }
  if (NetworkMode === "host" && Object.keys(PortBindings).length > 0) {
    yield "Published ports are discarded when using host network mode";
  }
}
