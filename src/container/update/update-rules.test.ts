import { describe, expect, test } from "vitest";
import type { HostConfig } from "#spec/docker-api/types.ts";
import type { Container, ContainerState } from "../record/container.ts";
import { changedHostConfig } from "./update-rules.ts";

const created: ContainerState = { status: "created" };
const running: ContainerState = { status: "running", pid: 1, startedAt: 1, stopRequested: false };

function changed(hostConfig: HostConfig, change: HostConfig, state = created): HostConfig {
  return changedHostConfig({ id: "c", hostConfig, state } as Container, change);
}

/** Each as dockerd 28.5 answers it. */
describe("refused with Docker's texts", () => {
  test.each<[HostConfig, HostConfig, string]>([
    [{ NanoCpus: 1e9 }, { CpuQuota: 50_000 }, "Conflicting options: CPU Quota cannot be updated as NanoCPUs has already been set"],
    [{ NanoCpus: 1e9 }, { CpuPeriod: 50_000 }, "Conflicting options: CPU Period cannot be updated as NanoCPUs has already been set"],
    [{ CpuQuota: 50_000 }, { NanoCpus: 1e9 }, "Conflicting options: Nano CPUs cannot be updated as CPU Quota has already been set"],
    [{ CpuPeriod: 50_000 }, { NanoCpus: 1e9 }, "Conflicting options: Nano CPUs cannot be updated as CPU Period has already been set"],
    [
      { Memory: 64, MemorySwap: 128 },
      { Memory: 256 },
      "Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time",
    ],
  ])("%j with %j", (hostConfig, change, message) => {
    expect(() => changed(hostConfig, change)).toThrow(`Cannot update container c: ${message}`);
  });
});

describe("applied", () => {
  test.each<[HostConfig, HostConfig, HostConfig]>([
    [{ Memory: 64, MemorySwap: 128 }, { Memory: 100 }, { Memory: 100, MemorySwap: 128 }],
    [{ Memory: 64, MemorySwap: -1 }, { Memory: 256 }, { Memory: 256, MemorySwap: -1 }],
    [{ NanoCpus: 1e9 }, { NanoCpus: 5e8 }, { NanoCpus: 5e8 }],
    [{ CpuQuota: 50_000, CpuPeriod: 100_000 }, { CpuQuota: -1 }, { CpuQuota: -1, CpuPeriod: 100_000 }],
    [
      { CpuShares: 5, CpusetCpus: "0" },
      { CpuShares: 0, CpusetCpus: "" },
      { CpuShares: 5, CpusetCpus: "0" },
    ],
    [{ BlkioDeviceReadBps: [{ Path: "/a", Rate: 1 }] }, { BlkioDeviceReadBps: [] }, { BlkioDeviceReadBps: [{ Path: "/a", Rate: 1 }] }],
    [{ MemorySwappiness: 60 }, { MemorySwappiness: 0 }, { MemorySwappiness: 0 }],
    [{ MemorySwappiness: 60 }, { MemorySwappiness: -1 }, { MemorySwappiness: 60 }],
    [{ OomKillDisable: true }, { OomKillDisable: false }, { OomKillDisable: false }],
    [{ Init: true }, { Init: false }, { Init: false }],
  ])("%j with %j is %j", (hostConfig, change, expected) => {
    expect(changed(hostConfig, change)).toMatchObject(expected);
  });
});

test("what only a start can give is for the next one, and refused while it runs", () => {
  const change: HostConfig = { Ulimits: [{ Name: "nofile", Soft: 1, Hard: 2 }] };
  expect(changed({}, change)).toMatchObject(change);
  expect(() => changed({}, change, running)).toThrow("Cannot update container c: Ulimits cannot be changed while the container is running");
  expect(changed(change, change, running)).toMatchObject(change);
});
