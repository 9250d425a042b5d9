import { expect, test, vi } from "vitest";
import { keepCompiled } from "./keep-compiled.ts";

test("is written once, when the start is over, and not at all when the daemon ends before", () => {
  vi.useFakeTimers();
  try {
    const flush = vi.fn<() => void>();
    keepCompiled(flush)();
    vi.advanceTimersByTime(60_000);
    expect(flush).not.toHaveBeenCalled();
    keepCompiled(flush);
    expect(flush).not.toHaveBeenCalled();
    vi.advanceTimersByTime(60_000);
    expect(flush).toHaveBeenCalledTimes(1);
  } finally {
    vi.useRealTimers();
  }
});
