import { expect, it } from "vitest";
import { optionsOf } from "./gc-options.ts";

it("counts shares of the disk, and goes back from now", () => {
  const rule = {
    all: true,
    reserved: { bytes: 5 },
    mostUsed: { percent: 10 },
    leastFree: { percent: 12.5 },
    unusedFor: 1000,
    filters: new Map(),
  };
  expect(optionsOf(rule, 1000, 5000)).toEqual({ all: true, reserved: 5, mostUsed: 100, leastFree: 125, until: 4000, filters: new Map() });
  const none = { all: false, reserved: undefined, mostUsed: undefined, leastFree: undefined, unusedFor: undefined, filters: new Map() };
  expect(optionsOf(none, 1000, 5000)).toEqual({
    all: false,
    reserved: undefined,
    mostUsed: undefined,
    leastFree: undefined,
    until: undefined,
    filters: new Map(),
  });
});
