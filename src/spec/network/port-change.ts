import type { PortBinding, PortMap } from "../docker-api/types.ts";

/** What is to be published of a container beside what is, and what no longer. */
export interface PortChange {
  readonly Add?: PortMap;
  /** A binding without an address or a host port stands for all of them: `{"80/tcp": [{}]}`. */
  readonly Remove?: PortMap;
}

export function isEmptyChange({ Add = {}, Remove = {} }: PortChange): boolean {
  return Object.keys(Add).length === 0 && Object.keys(Remove).length === 0;
}

/** Whether a binding is meant by one that is to be removed. */
export function isMeant(wanted: PortBinding, { HostIp = "", HostPort = "" }: PortBinding): boolean {
  return (!wanted.HostIp || wanted.HostIp === HostIp) && (!wanted.HostPort || wanted.HostPort === HostPort);
}

/** A container's bindings after a change: those that a user wrote without a port, or with a range, go when their container's port does. */
export function changedBindings(now: PortMap, { Add = {}, Remove = {} }: PortChange): PortMap {
  const changed = new Map(Object.entries(now));
  for (const [key, wanted] of Object.entries(Remove)) {
    const kept = (changed.get(key) ?? []).filter((binding) => !(wanted ?? []).some((one) => isMeant(one, written(binding, one))));
    if (kept.length > 0) changed.set(key, kept);
    else changed.delete(key);
  }
  for (const [key, bindings] of Object.entries(Add)) changed.set(key, [...(changed.get(key) ?? []), ...(bindings ?? [])]);
  return Object.fromEntries(changed);
}

/** As its user may name it: the port that it has come to is the kernel's choice. */
function written(binding: PortBinding, wanted: PortBinding): PortBinding {
  const isOpen = !binding.HostPort || binding.HostPort === "0" || binding.HostPort.includes("-");
  // Without an address it came to all of them.
  const HostIp = !binding.HostIp && ["0.0.0.0", "::"].includes(wanted.HostIp ?? "") ? wanted.HostIp : binding.HostIp;
  return { HostIp: HostIp ?? "", HostPort: (isOpen ? wanted.HostPort : binding.HostPort) ?? "" };
}
