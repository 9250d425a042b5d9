import { EventEmitter } from "node:events";
import { expect, test, vi } from "vitest";
import { watchSignals } from "./signals.ts";

test("the first asks to stop, the second to hurry", async () => {
  const source = new EventEmitter();
  const signals = watchSignals(source);
  const hurried = vi.fn<() => void>();
  void signals.hurry.then(hurried);
  source.emit("SIGINT", "SIGINT");
  await expect(signals.stop).resolves.toBe("SIGINT");
  expect(hurried).not.toHaveBeenCalled();
  source.emit("SIGTERM", "SIGTERM");
  await signals.hurry;
});

test("a reload that came too early is made up for, once", () => {
  const source = new EventEmitter();
  const signals = watchSignals(source);
  source.emit("SIGHUP");
  source.emit("SIGHUP");
  const reload = vi.fn<() => void>();
  signals.onReload(reload);
  expect(reload).toHaveBeenCalledTimes(1);
  source.emit("SIGHUP");
  expect(reload).toHaveBeenCalledTimes(2);
});
