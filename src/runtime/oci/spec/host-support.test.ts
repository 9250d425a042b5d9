import { expect, test } from "vitest";
import type { HostConfig } from "#spec/docker-api/types.ts";
import type { HostFacts } from "../spec-input.ts";
import { supportedLimits, unsupportedLimits } from "./host-support.ts";

const everything: HostConfig = {
  Memory: 64e6,
  MemorySwap: 128e6,
  MemoryReservation: 32e6,
  MemorySwappiness: 1,
  OomKillDisable: true,
  PidsLimit: 5,
  CpuShares: 5,
  CpuPeriod: 1000,
  CpuPercent: 5,
  CpusetCpus: "0",
  BlkioWeight: 100,
  BlkioWeightDevice: [{ Path: "/dev/vda", Weight: 100 }],
  BlkioDeviceReadBps: [{ Path: "/dev/vda", Rate: 1 }],
  BlkioDeviceWriteBps: [{ Path: "/dev/vda", Rate: 1 }],
  BlkioDeviceReadIOps: [{ Path: "/dev/vda", Rate: 1 }],
  BlkioDeviceWriteIOps: [{ Path: "/dev/vda", Rate: 1 }],
};
const able = { cgroup: "v1", missingLimits: [] } as unknown as HostFacts;
const bare: HostFacts = {
  ...able,
  swapLimit: false,
  blkioWeight: false,
  missingLimits: [
    "memory",
    "memoryReservation",
    "memorySwappiness",
    "oomKillDisable",
    "cpuShares",
    "cpuBandwidth",
    "cpuset",
    "pids",
    "blockThrottle",
  ],
};

test("a host that has everything keeps everything but the percentage, which is for Windows", () => {
  expect(unsupportedLimits(everything, able)).toEqual(["linux does not support CPU percent. Percent discarded."]);
  expect(supportedLimits(everything, able)).toEqual({ ...everything, CpuPercent: 0 });
});

test("one that has nothing says so for each, and sets none", () => {
  expect(unsupportedLimits(everything, bare)).toMatchInlineSnapshot(`
    [
      "Your kernel does not support memory limit capabilities or the cgroup is not mounted. Limitation discarded.",
      "Your kernel does not support swap limit capabilities or the cgroup is not mounted. Memory limited without swap.",
      "Your kernel does not support memory swappiness capabilities or the cgroup is not mounted. Memory swappiness discarded.",
      "Your kernel does not support memory soft limit capabilities or the cgroup is not mounted. Limitation discarded.",
      "Your kernel does not support OomKillDisable. OomKillDisable discarded.",
      "Your kernel does not support PIDs limit capabilities or the cgroup is not mounted. PIDs limit discarded.",
      "Your kernel does not support CPU shares or the cgroup is not mounted. Shares discarded.",
      "Your kernel does not support CPU CFS scheduler. CPU period/quota discarded.",
      "linux does not support CPU percent. Percent discarded.",
      "Your kernel does not support cpuset or the cgroup is not mounted. CPUset discarded.",
      "Your kernel does not support Block I/O weight or the cgroup is not mounted. Weight discarded.",
      "Your kernel does not support Block I/O weight_device or the cgroup is not mounted. Weight-device discarded.",
      "Your kernel does not support BPS Block I/O read limit or the cgroup is not mounted. Block I/O BPS read limit discarded.",
      "Your kernel does not support BPS Block I/O write limit or the cgroup is not mounted. Block I/O BPS write limit discarded.",
      "Your kernel does not support IOPS Block read limit or the cgroup is not mounted. Block I/O IOPS read limit discarded.",
      "Your kernel does not support IOPS Block write limit or the cgroup is not mounted. Block I/O IOPS write limit discarded.",
    ]
  `);
  const left = Object.entries(supportedLimits(everything, bare)).filter(([, value]) => value !== 0 && value !== "" && value !== undefined);
  expect(Object.fromEntries(left.filter(([, value]) => !Array.isArray(value) || value.length > 0))).toEqual({ MemorySwap: -1 });
});

test("v2 has neither swappiness nor a switch for the OOM killer", () => {
  expect(unsupportedLimits({ MemorySwappiness: 5, OomKillDisable: true, Memory: 64e6 }, { ...able, cgroup: "v2" })).toEqual([
    "Your kernel does not support memory swappiness capabilities or the cgroup is not mounted. Memory swappiness discarded.",
    "Your kernel does not support OomKillDisable. OomKillDisable discarded.",
  ]);
});

test("nothing is said of what nobody asked for", () => {
  expect(unsupportedLimits({}, bare)).toEqual([]);
});
