import { expect, test } from "vitest";
import { parseHostCpu, readHostCpu } from "./host-cpu.ts";

test("adds up what Docker adds up: neither steal nor guest", () => {
  const stat = "cpu  1 2 3 4 5 6 7 1000 1000 0\ncpu0 1 2 3 4 5 6 7 0 0 0\ncpu12 0 0 0 0 0 0 0 0 0 0\nintr 5\nctxt 9\n";
  expect(parseHostCpu(stat)).toEqual({ time: 280_000_000n, online: 2 });
});

test("this machine's goes on", () => {
  const { time, online } = readHostCpu();
  expect(time).toBeGreaterThan(0n);
  expect(online).toBeGreaterThan(0);
});
