import { describe, expect, it } from "vitest";
import type { CacheEntry } from "./cache-entry.ts";
import { chooseVictims, type PruneOptions } from "./choose-victims.ts";

const entry = (id: string, size: number, lastUsed: number, more: Partial<CacheEntry> = {}): CacheEntry => ({
  id,
  kind: "regular",
  description: `RUN ${id}`,
  parents: [],
  inUse: false,
  shared: false,
  size,
  created: 0,
  lastUsed,
  uses: 0,
  ...more,
});
const entries = [
  entry("new", 30, 300),
  entry("old", 10, 100),
  entry("shared", 500, 50, { shared: true }),
  entry("busy", 40, 10, { inUse: true }),
  entry("mount", 20, 200, { kind: "exec.cachemount", parents: ["old"] }),
];
const none: PruneOptions = {
  all: false,
  reserved: undefined,
  mostUsed: undefined,
  leastFree: undefined,
  until: undefined,
  filters: new Map(),
};
const chosen = (options: Partial<PruneOptions>, free = 0): string[] =>
  chooseVictims(entries, { ...none, ...options }, free).map(({ id }) => id);

describe("pruning", () => {
  it("takes all that nobody has open and no image has, the longest unused first", () => {
    expect(chosen({})).toEqual(["old", "mount", "new"]);
    expect(chosen({ all: true })).toEqual(["shared", "old", "mount", "new"]);
  });

  it("stops when there is room enough; what images have does not count", () => {
    expect(chosen({ reserved: 90 })).toEqual(["old"]);
    expect(chosen({ mostUsed: 85 })).toEqual(["old", "mount"]);
    expect(chosen({ mostUsed: 1000 })).toEqual([]);
    expect(chosen({ leastFree: 15 }, 10)).toEqual(["old"]);
    expect(chosen({ leastFree: 15 }, 20)).toEqual([]);
    expect(chosen({ mostUsed: 10, reserved: 60 })).toEqual(["old", "mount"]);
  });

  it.each([
    ["until", { until: 150 }, ["old"]],
    ["id", { filters: new Map([["id", ["ne"]]]) }, ["new"]],
    ["type", { filters: new Map([["type", ["exec.cachemount"]]]) }, ["mount"]],
    ["parent", { filters: new Map([["parent", ["old"]]]) }, ["mount"]],
    ["description", { filters: new Map([["description", ["RUN old"]]]) }, ["old"]],
    ["shared", { all: true, filters: new Map([["shared", []]]) }, ["shared"]],
    ["private", { all: true, filters: new Map([["private", []]]) }, ["old", "mount", "new"]],
    ["inuse", { filters: new Map([["inuse", []]]) }, []],
  ] satisfies [string, Partial<PruneOptions>, string[]][])("filters by %s", (_, options, expected) => {
    expect(chosen(options)).toEqual(expected);
  });
});
