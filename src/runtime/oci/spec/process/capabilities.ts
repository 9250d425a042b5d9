import { EngineError } from "#errors/engine-error.ts";
import type { HostConfig } from "#spec/docker-api/types.ts";
import type { OciProcess } from "#spec/oci-runtime/spec.ts";
import { capabilityNames } from "#sys/host/host-facts.ts";

/** What Docker gives a container that asks for nothing: mask 00000000a80425fb. */
export const defaultCapabilities: readonly string[] = [
  "CAP_CHOWN",
  "CAP_DAC_OVERRIDE",
  "CAP_FOWNER",
  "CAP_FSETID",
  "CAP_KILL",
  "CAP_SETGID",
  "CAP_SETUID",
  "CAP_SETPCAP",
  "CAP_NET_BIND_SERVICE",
  "CAP_NET_RAW",
  "CAP_SYS_CHROOT",
  "CAP_MKNOD",
  "CAP_AUDIT_WRITE",
  "CAP_SETFCAP",
];

const ALL = "ALL";

type Asked = Pick<HostConfig, "Privileged" | "CapAdd" | "CapDrop">;

/**
 * The container's bounding set. `privileged` and `ALL` mean everything that the daemon itself has: a host may lack some (a
 * container in a virtual machine without CAP_SYS_RESOURCE), and asking the runtime for more fails the start.
 *
 * @param available the daemon's own bounding set.
 */
export function containerCapabilities(asked: Asked, available: readonly string[]): string[] {
  const wanted = wantedCapabilities(asked, available);
  return capabilityNames.filter((name) => wanted.has(name) && available.includes(name));
}

function wantedCapabilities({ Privileged, CapAdd, CapDrop }: Asked, available: readonly string[]): Set<string> {
  const added = new Set((CapAdd ?? []).map(normalize));
  const dropped = new Set((CapDrop ?? []).map(normalize));
  if (Privileged === true) return new Set(available);
  if (added.has(ALL)) return new Set(available).difference(dropped);
  if (dropped.has(ALL)) return added;
  return new Set(defaultCapabilities).difference(dropped).union(added);
}

/**
 * The sets of a process. A user other than root holds none, as after any exec; inheritable and ambient are always empty
 * (CVE-2016-8867, CVE-2022-24769).
 */
export function processCapabilities(bounding: readonly string[], uid: number): NonNullable<OciProcess["capabilities"]> {
  const held = uid === 0 ? [...bounding] : [];
  return { bounding: [...bounding], effective: held, permitted: [...held], inheritable: [], ambient: [] };
}

/** @throws EngineError `invalid`: a name that no kernel has, or one asked for that this daemon does not have to give. */
export function validateCapabilities({ CapAdd, CapDrop }: Asked, available: readonly string[]): void {
  for (const name of (CapAdd ?? []).map(normalize)) {
    if (name === ALL) continue;
    if (!capabilityNames.includes(name)) throw new EngineError("invalid", `invalid CapAdd: unknown capability: "${name}"`);
    if (!available.includes(name)) {
      throw new EngineError(
        "invalid",
        `invalid CapAdd: capability not supported by your kernel or not available in the current environment: "${name}"`,
      );
    }
  }
  for (const name of (CapDrop ?? []).map(normalize)) {
    if (name !== ALL && !capabilityNames.includes(name)) throw new EngineError("invalid", `invalid CapDrop: unknown capability: "${name}"`);
  }
}

function normalize(name: string): string {
  const upper = name.toUpperCase();
  return upper === ALL || upper.startsWith("CAP_") ? upper : `CAP_${upper}`;
}
