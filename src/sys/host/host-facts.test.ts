import { describe, expect, it } from "vitest";
import { boundingSet, capabilityNames, cgroupLayout, hardLimits, readHostFacts } from "./host-facts.ts";

describe("the bounding set", () => {
  it("is read by the kernel's numbers", () => {
    const set = boundingSet("Name:\tx\nCapBnd:\t00000000a80425fb\nCapAmb:\t0000000000000000\n");
    expect(set).toHaveLength(14);
    expect(set).toContain("CAP_SETFCAP");
    expect(set).not.toContain("CAP_SYS_ADMIN");
  });

  it("knows the last capability of today's kernel", () => {
    expect(boundingSet("CapBnd:\t000001ffffffffff\n")).toEqual(capabilityNames);
    expect(capabilityNames.indexOf("CAP_SYS_ADMIN")).toBe(21);
    expect(capabilityNames.indexOf("CAP_CHECKPOINT_RESTORE")).toBe(40);
  });

  it("is empty when it cannot be read", () => {
    expect(boundingSet("")).toEqual([]);
  });
});

it("reads hard limits", () => {
  const text = [
    "Limit                     Soft Limit           Hard Limit           Units     ",
    "Max cpu time              unlimited            unlimited            seconds   ",
    "Max open files            1024                 20000                files     ",
    "Max nice priority         0                    0                    ",
  ].join("\n");
  expect(hardLimits(text)).toEqual({ RLIMIT_CPU: -1n, RLIMIT_NOFILE: 20000n, RLIMIT_NICE: 0n });
});

describe("the layout of cgroups", () => {
  it.each([
    ["v2", "cgroup2 /sys/fs/cgroup cgroup2 rw 0 0"],
    ["v1", "cgroup /sys/fs/cgroup/memory cgroup rw,memory 0 0"],
    ["hybrid", "cgroup /sys/fs/cgroup/memory cgroup rw,memory 0 0\ncgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0"],
  ] as const)("%s", (layout, mounts) => {
    expect(cgroupLayout(mounts)).toBe(layout);
  });
});

it("reads this host", () => {
  const facts = readHostFacts();
  expect(facts.cpus).toBeGreaterThan(0);
  expect(facts.kernel[0]).toBeGreaterThanOrEqual(5);
  expect(facts.rlimits).toHaveProperty("RLIMIT_NOFILE");
  expect(facts.capabilities.every((name) => capabilityNames.includes(name))).toBe(true);
  expect(facts.onlineCpus).toMatch(/^\d/);
});
