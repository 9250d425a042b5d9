import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { CgroupHost } from "../cgroups/cgroup-paths.ts";
import { readCgroupUsage } from "./read-usage.ts";

const legacy: CgroupHost = {
  layout: "hybrid",
  unified: "/unified",
  trees: { cpu: "/cpu", cpuacct: "/cpuacct", memory: "/memory", blkio: "/blkio", pids: "/pids" },
};
const unified: CgroupHost = { layout: "v2", unified: "/v2", trees: {} };

/** Groups as a kernel shows them: `== path`, and the file's text. */
function groupOf(name: string): (path: string) => string {
  const text = readFileSync(new URL(`testdata/${name}.txt`, import.meta.url), "utf8");
  const files = new Map(
    text
      .split(/^== /m)
      .slice(1)
      .map((part) => {
        const end = part.indexOf("\n");
        return [part.slice(0, end), part.slice(end + 1)] as const;
      }),
  );
  return (path) => files.get(path) ?? "";
}

test("v1: everything of a group in the trees of a hybrid host", () => {
  const { cpu, memory, blockIo, pids } = readCgroupUsage(legacy, "/dhow/c", groupOf("v1"));
  expect(cpu).toEqual({
    total: 4_076_911_079n,
    kernel: 10_000_000n,
    user: 4_050_000_000n,
    perCpu: [2_637_087_640n, 1_439_823_439n],
    throttling: { periods: 41n, throttledPeriods: 7n, throttledTime: 1_234_567n },
  });
  expect(memory).toMatchObject({ usage: 11_026_432n, maxUsage: 12_382_208n, failures: 3n, limit: 67_108_864n });
  expect(memory.stats).toMatchObject({ cache: 10_489_856n, total_inactive_file: 10_485_760n, hierarchical_memsw_limit: 134_217_728n });
  expect(memory.stats).not.toHaveProperty("shmem");
  expect(blockIo.bytes).toEqual([
    { major: 254n, minor: 0n, operation: "Read", value: 4096n },
    { major: 254n, minor: 0n, operation: "Write", value: 10_493_952n },
  ]);
  expect(blockIo.operations).toEqual([{ major: 254n, minor: 0n, operation: "Write", value: 6n }]);
  expect(pids).toEqual({ current: 2n, limit: undefined });
});

test("v2: the same of a group in one tree", () => {
  const { cpu, memory, blockIo, pids } = readCgroupUsage(unified, "/dhow/c", groupOf("v2"));
  expect(cpu).toEqual({
    total: 4_076_911_000n,
    kernel: 10_000_000n,
    user: 4_066_911_000n,
    perCpu: undefined,
    throttling: { periods: 41n, throttledPeriods: 7n, throttledTime: 1_234_000n },
  });
  expect(memory).toMatchObject({ usage: 11_026_432n, maxUsage: undefined, failures: 2n, limit: 67_108_864n });
  expect(memory.stats).toMatchObject({ inactive_file: 10_485_760n, anon: 49_152n, workingset_refault: 0n });
  expect(blockIo.operations).toBeUndefined();
  expect(blockIo.bytes).toEqual([
    { major: 254n, minor: 0n, operation: "read", value: 4096n },
    { major: 254n, minor: 0n, operation: "write", value: 10_493_952n },
    { major: 7n, minor: 1n, operation: "read", value: 0n },
    { major: 7n, minor: 1n, operation: "write", value: 5n },
  ]);
  expect(pids).toEqual({ current: 2n, limit: 100n });
});

test.each([legacy, unified])("a group that is gone has used nothing, and has no limit", (host) => {
  const { cpu, memory, pids } = readCgroupUsage(host, "/dhow/c", () => "");
  expect(cpu.total).toBe(0n);
  expect(memory).toMatchObject({ usage: 0n, limit: 2n ** 63n - 1n });
  expect(pids.current).toBe(0n);
});
