import { EventEmitter } from "node:events";
import { expect, test } from "vitest";
import { silentLogger } from "#lib/logger.ts";
import { countFaults } from "./faults.ts";

test("logs and counts", () => {
  const source = new EventEmitter();
  const lines: [object, string][] = [];
  const faults = countFaults({ ...silentLogger, error: (context, message) => void lines.push([context, message]) }, source);
  const error = new Error("oops");
  source.emit("unhandledRejection", error);
  source.emit("uncaughtException", "not even an error");
  expect(faults.count).toBe(2);
  expect(lines).toEqual([
    [{ fault: error, stack: error.stack, count: 1 }, "unhandled rejection"],
    [{ fault: "not even an error", stack: undefined, count: 2 }, "uncaught exception"],
  ]);
});
