import { monotonicMs } from "#lib/monotonic.ts";
import { type HostCpu, readHostCpu } from "#sys/host/host-cpu.ts";
import { type InterfaceCounters, readInterfaceCounters } from "#sys/host/interface-counters.ts";
import { type Active, isActive, type Container } from "../record/container.ts";
import type { ContainerContext } from "../deps.ts";
import type { StatsSample } from "./sample.ts";

export type SampleDeps = Pick<ContainerContext, "runtime" | "options">;

/** Undefined when the container does not run, or ends meanwhile. */
export function takeSample({ runtime, options }: SampleDeps, container: Container): StatsSample | undefined {
  const { id, state } = container;
  if (!isActive(state)) return undefined;
  try {
    const usage = runtime.usage(id);
    const takenAt = BigInt(Date.now()) * 1_000_000n;
    return { takenAt, usage, hostCpu: hostCpu(), hostMemory: options.host.memoryBytes, interfaces: interfacesOf(container, state) };
  } catch {
    return undefined;
  }
}

/** Loopback, and what the kernel puts into every namespace when a tunnel's module is loaded. */
const NOT_OURS = /^(lo|(tunl|gre|gretap|erspan|sit|ip6tnl|ip6gre|ip_vti|ip6_vti)\d+)$/;

function interfacesOf({ config, hostConfig }: Container, { pid }: Active): StatsSample["interfaces"] {
  if (config.NetworkDisabled === true || hostConfig.NetworkMode === "host" || hostConfig.NetworkMode === "none") return undefined;
  const all = readInterfaceCounters(pid);
  return new Map<string, InterfaceCounters>([...all].filter(([name]) => !NOT_OURS.test(name)));
}

/** The kernel counts the host's time in steps of as much. */
const FRESH_MS = 10;
let known: { readonly cpu: HostCpu; readonly readAt: number } | undefined;

function hostCpu(): HostCpu {
  const now = monotonicMs();
  if (known === undefined || now - known.readAt > FRESH_MS) known = { cpu: readHostCpu(), readAt: now };
  return known.cpu;
}
