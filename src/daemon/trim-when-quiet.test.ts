import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { trimWhenQuiet } from "./trim-when-quiet.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("once after each busy time, never while busy or idle", () => {
  const trim = vi.fn<() => Promise<void>>(() => Promise.resolve());
  let user = 0;
  const end = trimWhenQuiet(trim, () => ({ user, system: 0 }));
  const calls = [0, 5_000_000, 5_000_000, 1000, 1000, 0, 300_000, 0].map((work) => {
    user += work;
    vi.advanceTimersByTime(10_000);
    return trim.mock.calls.length;
  });
  // The start itself was work.
  expect(calls).toEqual([1, 1, 1, 2, 2, 2, 2, 3]);
  end();
  user += 5_000_000;
  vi.advanceTimersByTime(60_000);
  expect(trim).toHaveBeenCalledTimes(3);
});
