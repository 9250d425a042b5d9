import { describe, expect, it } from "vitest";
import { Budget, type FreeSpace } from "./budget.ts";
import { defaultUnpackLimits, type UnpackLimits } from "./contract.ts";

const MIB = 1024 ** 2;
const roomy: FreeSpace = { bytes: 1e12, freeBytes: 1e11, nodes: 1e6, freeNodes: 1e5 };

function budgetOf(limits: Partial<UnpackLimits> = {}, space: () => FreeSpace = () => roomy): Budget {
  return new Budget({ ...defaultUnpackLimits, ...limits }, space);
}

function categoryOf(work: () => void): string {
  try {
    work();
  } catch (error) {
    return (error as { category?: string }).category ?? String(error);
  }
  return "fine";
}

describe("size", () => {
  it.each([
    [100, 1, "fine"],
    [1001, 1, "too-large"],
    [1001, 101, "fine"],
    [5001, 5000, "too-large"],
  ])("%d bytes out of %d are %s", (bytes, compressed, outcome) => {
    const budget = budgetOf({ bytes: 5000, ratio: 10, freeOfRatio: 1000 });
    expect(categoryOf(() => budget.inflated(bytes, compressed))).toBe(outcome);
  });
});

describe("memory and entries", () => {
  it("bounds what has to be remembered", () => {
    const budget = budgetOf({ remembered: 1000 });
    expect(categoryOf(() => budget.remember("x".repeat(800)))).toBe("fine");
    expect(categoryOf(() => budget.remember("x".repeat(200)))).toBe("too-large");
  });

  it("counts entries", () => {
    const budget = budgetOf({ entries: 2 });
    budget.entry();
    budget.entry();
    expect(categoryOf(() => budget.entry())).toBe("too-large");
    expect(budget.entries).toBe(3);
  });
});

describe("the file system", () => {
  it.each<[string, Partial<FreeSpace>, string]>([
    ["enough", {}, "fine"],
    ["little of a large disk", { freeBytes: 255 * MIB }, "exhausted"],
    ["just enough of a large disk", { freeBytes: 257 * MIB }, "fine"],
    ["little of a small disk", { bytes: 100 * MIB, freeBytes: 0.9 * MIB }, "exhausted"],
    ["enough of a small disk", { bytes: 100 * MIB, freeBytes: 1.1 * MIB }, "fine"],
    ["few inodes", { freeNodes: 999 }, "exhausted"],
    ["inodes as needed", { nodes: 0, freeNodes: 0 }, "fine"],
  ])("with %s free", (_, space, outcome) => {
    expect(categoryOf(() => budgetOf({}, () => ({ ...roomy, ...space })).wrote(1))).toBe(outcome);
  });

  it("is looked at every 16 MiB, and every few thousand entries", () => {
    let looks = 0;
    const budget = budgetOf({}, () => {
      looks += 1;
      return roomy;
    });
    for (let written = 0; written < 64; written++) budget.wrote(MIB);
    expect(looks).toBeLessThanOrEqual(5);
    expect(looks).toBeGreaterThanOrEqual(4);
    for (let entry = 0; entry < 20_000; entry++) budget.entry();
    expect(looks).toBeGreaterThan(7);
    expect(looks).toBeLessThan(12);
  });
});
