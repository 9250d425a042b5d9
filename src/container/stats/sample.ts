import type { CgroupUsage } from "#sys/cgroup-usage/usage.ts";
import type { HostCpu } from "#sys/host/host-cpu.ts";
import type { InterfaceCounters } from "#sys/host/interface-counters.ts";

/** What a running container had used at one moment. */
export interface StatsSample {
  /** Nanoseconds since the epoch. */
  readonly takenAt: bigint;
  readonly usage: CgroupUsage;
  readonly hostCpu: HostCpu;
  readonly hostMemory: number;
  /** By the name inside; undefined where the container has no network of its own, nor another container's. */
  readonly interfaces: ReadonlyMap<string, InterfaceCounters> | undefined;
}

/** One answer: a sample and the one before it, which clients take the difference to. */
export interface ContainerStats {
  readonly id: string;
  /** Without the slash. */
  readonly name: string;
  /** Undefined while the container does not run. */
  readonly sample: StatsSample | undefined;
  readonly previous: StatsSample | undefined;
}
