import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { hugePageSizes, missingLimits } from "./host-limits.ts";

const root = mkdtempSync(join(tmpdir(), "limits-"));
afterAll(() => rmSync(root, { recursive: true }));

test("v1: what has its file", () => {
  for (const file of ["memory/memory.limit_in_bytes", "memory/memory.soft_limit_in_bytes", "cpu/cpu.shares", "cpu/cpu.cfs_quota_us"]) {
    mkdirSync(join(root, file, ".."), { recursive: true });
    writeFileSync(join(root, file), "0");
  }
  const trees = { memory: join(root, "memory"), cpu: join(root, "cpu") };
  expect(missingLimits({ layout: "v1", unified: undefined, trees })).toEqual([
    "memorySwappiness",
    "oomKillDisable",
    "cpuRealtime",
    "cpuset",
    "pids",
    "blockThrottle",
  ]);
});

test("v2: what its root's controllers name, and nothing that only v1 has", () => {
  const unified = join(root, "v2");
  mkdirSync(unified);
  writeFileSync(join(unified, "cgroup.controllers"), "cpuset cpu io memory hugetlb\n");
  expect(missingLimits({ layout: "v2", unified, trees: {} })).toEqual(["memorySwappiness", "oomKillDisable", "cpuRealtime", "pids"]);
});

test("v1: huge pages of the sizes that have files", () => {
  const folder = join(root, "hugetlb");
  mkdirSync(folder);
  for (const name of ["hugetlb.2MB.limit_in_bytes", "hugetlb.1GB.limit_in_bytes", "hugetlb.2MB.failcnt"])
    writeFileSync(join(folder, name), "0");
  expect(hugePageSizes({ layout: "v1", unified: undefined, trees: { hugetlb: folder } })).toEqual(["1GB", "2MB"]);
  expect(hugePageSizes({ layout: "v1", unified: undefined, trees: {} })).toEqual([]);
});
