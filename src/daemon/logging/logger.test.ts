import type { writeSync } from "node:fs";
import { expect, test } from "vitest";
import { EngineError } from "#errors/engine-error.ts";
import { DaemonLogger } from "./logger.ts";
import { stderrSink } from "./stderr-sink.ts";

function loggerOf(format: "text" | "json", level: "debug" | "warn" = "debug"): { logger: DaemonLogger; lines: string[] } {
  const lines: string[] = [];
  return { logger: DaemonLogger.create({ level, format, sink: (line) => void lines.push(line) }), lines };
}

test("text: time, level, message, fields; nothing can start a line of its own", () => {
  const { logger, lines } = loggerOf("text");
  logger.info({ id: "abc", count: 3, path: "/run/x.sock" }, "listening");
  logger.warn({ evil: "a\nb c=d", list: [1, "x"], nano: 5n, none: undefined }, "odd\nmessage");
  expect(lines[0]).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z INFO  listening id=abc count=3 path=\/run\/x\.sock\n$/);
  expect(lines[1]).toContain(String.raw` WARN  odd�message evil="a\nb c=d" list="[1,\"x\"]" nano=5 none=undefined`);
});

test("json: one object a line", () => {
  const { logger, lines } = loggerOf("json");
  logger.child({ container: "abc" }).error({ error: new Error("outer", { cause: new Error("inner") }), nano: 5n }, "failed");
  expect(JSON.parse(lines[0] ?? "")).toEqual({
    time: expect.stringMatching(/Z$/) as string,
    level: "error",
    msg: "failed",
    container: "abc",
    error: "outer: inner",
    nano: "5",
  });
});

test("an error shows its code, and what caused it once", () => {
  const { logger, lines } = loggerOf("text");
  const cause = Object.assign(new Error("open /x"), { code: "ENOENT" });
  logger.error({ error: new EngineError("system", "cannot start: open /x", { cause }) }, "m");
  logger.error({ error: cause }, "m");
  expect(lines[0]).toContain('error="cannot start: open /x"');
  expect(lines[1]).toContain('error="open /x (ENOENT)"');
});

test("a mistake of ours shows where it was made", () => {
  const { logger, lines } = loggerOf("text");
  logger.error({ error: new TypeError("x is not a function") }, "m");
  logger.error({ error: new Error("no such file") }, "m");
  expect(lines[0]).toMatch(/error="x is not a function\\n {4}at .*logger\.test\.ts/);
  expect(lines[1]).not.toContain(" at ");
});

test("what is below the level costs nothing; a new level counts for children that are there", () => {
  const { logger, lines } = loggerOf("text", "warn");
  const child = logger.child({ a: 1 });
  child.info({}, "one");
  logger.setLevel("debug");
  child.debug({}, "two");
  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain("two a=1");
});

test("standard error that cannot be written loses lines and says how many; it never throws", () => {
  const written: string[] = [];
  let broken = true;
  const write = ((_: number, bytes: Buffer, offset: number) => {
    if (broken) throw new Error("EAGAIN");
    written.push(bytes.toString("utf8", offset, offset + 4));
    return Math.min(4, bytes.length - offset);
  }) as unknown as typeof writeSync;
  const sink = stderrSink(write);
  sink("first\n");
  sink("second\n");
  broken = false;
  sink("third\n");
  expect(written.join("")).toBe("2 lines of the log were lost\nthird\n");
});
