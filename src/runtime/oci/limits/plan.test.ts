import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { HostConfig } from "#spec/docker-api/types.ts";
import type { CgroupHost } from "#sys/cgroups/cgroup-paths.ts";
import type { HostFacts, SpecInput } from "../spec-input.ts";
import { containerResources } from "../spec/resources.ts";
import { changedLimits } from "./changed-limits.ts";
import { planLimits } from "./plan.ts";
import type { Limits } from "./write.ts";

/**
 * What is written for every limit of HostConfig, on the three layouts: golden text, each line a file and what goes into it. v2 has not
 * been run on a host yet; this is what it would get.
 */
const MB = 1024 * 1024;
const DISK = { Path: "/dev/vda" };

const hosts: Readonly<Record<HostFacts["cgroup"], CgroupHost>> = {
  v1: {
    layout: "v1",
    unified: undefined,
    trees: { memory: "/memory", cpu: "/cpu,cpuacct", cpuset: "/cpuset", pids: "/pids", blkio: "/blkio", hugetlb: "/hugetlb" },
  },
  v2: { layout: "v2", unified: "/v2", trees: {} },
  hybrid: { layout: "hybrid", unified: "/unified", trees: { memory: "/memory", cpu: "/cpu", blkio: "/blkio", pids: "/pids" } },
};

const cases: readonly (readonly [string, HostConfig])[] = [
  ["memory", { Memory: 64 * MB }],
  ["memory with as much swap as it likes", { Memory: 64 * MB, MemorySwap: -1 }],
  [
    "memory without swap, reservation, swappiness",
    { Memory: 64 * MB, MemorySwap: 64 * MB, MemoryReservation: 32 * MB, MemorySwappiness: 0 },
  ],
  ["memory without the OOM killer", { Memory: 64 * MB, OomKillDisable: true }],
  ["cpus", { NanoCpus: 1.5e9 }],
  ["period and quota", { CpuPeriod: 50_000, CpuQuota: 25_000 }],
  ["quota, to be taken away", { CpuQuota: -1 }],
  ["least shares", { CpuShares: 1 }],
  ["default shares", { CpuShares: 1024 }],
  ["most shares", { CpuShares: 500_000 }],
  ["real time", { CpuRealtimePeriod: 1_000_000, CpuRealtimeRuntime: 95_000 }],
  ["cpuset", { CpusetCpus: "0-1", CpusetMems: "0" }],
  ["pids", { PidsLimit: 10 }],
  ["pids without limit", { PidsLimit: -1 }],
  ["weight of block I/O", { BlkioWeight: 500, BlkioWeightDevice: [{ ...DISK, Weight: 10 }] }],
  [
    "rates of block I/O",
    {
      BlkioDeviceReadBps: [{ ...DISK, Rate: MB }],
      BlkioDeviceWriteBps: [{ ...DISK, Rate: 2 * MB }],
      BlkioDeviceReadIOps: [{ ...DISK, Rate: 100 }],
      BlkioDeviceWriteIOps: [{ ...DISK, Rate: 200 }],
    },
  ],
];

function limitsOf(hostConfig: HostConfig, cgroup: HostFacts["cgroup"]): Limits {
  const host = { cgroup, capabilities: [], rlimits: {}, cpus: 2, memoryBytes: 4e9, runtime: "crun", kernel: [6, 1], architecture: "amd64" };
  const devices = { nodes: [], disks: { [DISK.Path]: { major: 254, minor: 0 } } };
  const { devices: _, ...limits } = containerResources({ config: {}, hostConfig, host, devices } as unknown as SpecInput);
  return limits;
}

const written = (limits: Limits, layout: HostFacts["cgroup"], files: Readonly<Record<string, string>> = {}): string[] =>
  planLimits(limits, hosts[layout], "/dhow/c", { read: (file) => files[file] ?? "" }).map(({ file, text }) => `${file} = ${text}`);

test.each(["v1", "v2", "hybrid"] as const)("%s", async (layout) => {
  const text = cases
    .map(([title, hostConfig]) => [`# ${title}`, ...written(limitsOf(hostConfig, layout), layout), ""].join("\n"))
    .join("\n");
  await expect(text).toMatchFileSnapshot(`testdata/${layout}.golden`);
});

test("the golden files hold every file that a limit goes into", () => {
  const text = readFileSync(new URL("testdata/v2.golden", import.meta.url), "utf8");
  for (const file of [
    "memory.max",
    "memory.swap.max",
    "memory.low",
    "cpu.max",
    "cpu.weight",
    "cpuset.cpus",
    "cpuset.mems",
    "pids.max",
    "io.max",
    "io.weight",
  ]) {
    expect(text).toContain(`/v2/dhow/c/${file} = `);
  }
});

test.each([
  ["grows: swap first", 64, ["/memory/dhow/c/memory.memsw.limit_in_bytes = 268435456", "/memory/dhow/c/memory.limit_in_bytes = 134217728"]],
  [
    "shrinks: memory first",
    512,
    ["/memory/dhow/c/memory.limit_in_bytes = 134217728", "/memory/dhow/c/memory.memsw.limit_in_bytes = 268435456"],
  ],
])("v1: a limit of memory that %s", (_, now, expected) => {
  const limits = { memory: { limit: 128 * MB, swap: 256 * MB } };
  expect(written(limits, "v1", { "/memory/dhow/c/memory.limit_in_bytes": `${now * MB}\n` })).toEqual(expected);
});

test("BFQ's own files where it has them, with Docker's numbers as they are", () => {
  const limits: Limits = { blockIO: { weight: 500, weightDevice: [{ major: 8, minor: 0, weight: 20 }] } };
  expect(written(limits, "v1", { "/blkio/dhow/c/blkio.bfq.weight": "100\n" })).toEqual([
    "/blkio/dhow/c/blkio.bfq.weight = 500",
    "/blkio/dhow/c/blkio.bfq.weight_device = 8:0 20",
  ]);
  expect(written(limits, "v2", { "/v2/dhow/c/io.bfq.weight": "default 100\n" })).toEqual([
    "/v2/dhow/c/io.bfq.weight = 500",
    "/v2/dhow/c/io.bfq.weight = 8:0 20",
  ]);
});

test("v2: a period alone keeps the quota there is", () => {
  expect(written({ cpu: { period: 50_000 } }, "v2", { "/v2/dhow/c/cpu.max": "20000 100000\n" })).toEqual([
    "/v2/dhow/c/cpu.max = 20000 50000",
  ]);
  expect(written({ cpu: { quota: 5000 } }, "v2")).toEqual(["/v2/dhow/c/cpu.max = 5000 100000"]);
});

test("huge pages", () => {
  const limits: Limits = { hugepageLimits: [{ pageSize: "2MB", limit: 4 * MB }] };
  expect([...written(limits, "v1"), ...written(limits, "v2")]).toEqual([
    "/hugetlb/dhow/c/hugetlb.2MB.limit_in_bytes = 4194304",
    "/v2/dhow/c/hugetlb.2MB.max = 4194304",
  ]);
});

test("from one set of limits to another: only the kinds that differ, and what is gone is taken away", () => {
  const before = limitsOf({ ...cases[15]?.[1], PidsLimit: 5, CpuShares: 7, Memory: 64 * MB, OomKillDisable: true }, "v1");
  const after = limitsOf({ BlkioDeviceReadBps: [{ ...DISK, Rate: 5 }], CpuShares: 7, Memory: 64 * MB }, "v1");
  expect(written(changedLimits(before, after), "v1").toSorted()).toEqual([
    "/blkio/dhow/c/blkio.throttle.read_bps_device = 254:0 5",
    "/blkio/dhow/c/blkio.throttle.read_iops_device = 254:0 0",
    "/blkio/dhow/c/blkio.throttle.write_bps_device = 254:0 0",
    "/blkio/dhow/c/blkio.throttle.write_iops_device = 254:0 0",
    "/memory/dhow/c/memory.limit_in_bytes = 67108864",
    "/memory/dhow/c/memory.memsw.limit_in_bytes = 134217728",
    "/memory/dhow/c/memory.oom_control = 0",
    "/pids/dhow/c/pids.max = max",
  ]);
  expect(changedLimits(after, after)).toEqual({});
});
