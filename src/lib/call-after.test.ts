import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { callAfter } from "./call-after.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const DAY = 86_400_000;

test.each([0, -5, 1000, 100 * DAY])("after %d ms, once", (delay) => {
  const work = vi.fn<() => void>();
  callAfter(delay, work);
  vi.advanceTimersByTime(Math.max(delay, 1) - 1);
  expect(work).toHaveBeenCalledTimes(delay <= 0 ? 1 : 0);
  vi.advanceTimersByTime(1);
  expect(work).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(200 * DAY);
  expect(work).toHaveBeenCalledTimes(1);
});

test("not after it was cancelled, however far it has come", () => {
  const work = vi.fn<() => void>();
  const cancel = callAfter(100 * DAY, work);
  vi.advanceTimersByTime(60 * DAY);
  cancel();
  vi.advanceTimersByTime(100 * DAY);
  expect(work).not.toHaveBeenCalled();
});
