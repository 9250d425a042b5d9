import { expect, test, vi } from "vitest";
import { ExitHolds } from "./holds.ts";
import { ExitWaiters } from "./waiters.ts";
import { ExitWatch } from "./watch.ts";

test("an exit is told to those who wait for one, of that container, once", async () => {
  const waiters = new ExitWaiters();
  const [first, second, other] = [waiters.next("a", "exit"), waiters.next("a", "exit"), waiters.next("b", "exit")];
  const removal = waiters.next("a", "removal");
  waiters.exited("a", { exitCode: 3 });
  await expect(Promise.all([first, second])).resolves.toEqual([{ exitCode: 3 }, { exitCode: 3 }]);
  waiters.removed("a", { exitCode: 4 });
  await expect(removal).resolves.toEqual({ exitCode: 4 });
  waiters.exited("b", { exitCode: 5, error: "why" });
  await expect(other).resolves.toEqual({ exitCode: 5, error: "why" });
});

test("a removal is told to those who wait for an exit as well", async () => {
  const waiters = new ExitWaiters();
  const exit = waiters.next("a", "exit");
  waiters.removed("a", { exitCode: 0 });
  await expect(exit).resolves.toEqual({ exitCode: 0 });
});

test("who leaves gets its signal's reason, also when it had left before", async () => {
  const waiters = new ExitWaiters();
  const left = new AbortController();
  const report = waiters.next("a", "exit", left.signal);
  left.abort(new Error("gone"));
  await expect(report).rejects.toThrow("gone");
  await expect(waiters.next("a", "exit", left.signal)).rejects.toThrow("gone");
  waiters.exited("a", { exitCode: 0 });
});

test("a watch: in time, not in time, without a limit", async () => {
  vi.useFakeTimers();
  try {
    const waiters = new ExitWaiters();
    using watch = new ExitWatch(waiters, "a");
    const tooShort = watch.within(100);
    await vi.advanceTimersByTimeAsync(100);
    expect(await tooShort).toBe(false);
    const unlimited = watch.within(-1);
    waiters.exited("a", { exitCode: 0 });
    expect(await unlimited).toBe(true);
    expect(await watch.within(0)).toBe(true);
  } finally {
    vi.useRealTimers();
  }
});

test("a watch that is given up ends its wait", async () => {
  const waiters = new ExitWaiters();
  const watch = new ExitWatch(waiters, "a");
  const forever = watch.within(-1);
  watch[Symbol.dispose]();
  expect(await forever).toBe(false);
});

test("holds: one removal at a time, any number of restarts", () => {
  const holds = new ExitHolds();
  {
    using _removal = holds.forRemoval("a");
    expect(() => holds.forRemoval("a")).toThrow("removal of container a is already in progress");
    expect(() => holds.requireStaying("a")).toThrow("container is marked for removal and cannot be started");
    expect([holds.has("a"), holds.isRemoving("a"), holds.isRestarting("a"), holds.has("b")]).toEqual([true, true, false, false]);
  }
  expect(() => holds.requireStaying("a")).not.toThrow();
  const first = holds.forRestart("a");
  const second = holds.forRestart("a");
  first[Symbol.dispose]();
  expect(holds.has("a")).toBe(true);
  second[Symbol.dispose]();
  expect(holds.has("a")).toBe(false);
});
