import { describe, expect, test } from "vitest";
import { EngineError, type ErrorCategory } from "#errors/engine-error.ts";
import { errorToHttp, isFault } from "./error-to-http.ts";

const statuses: [category: ErrorCategory, status: number][] = [
  ["invalid", 400],
  ["unauthorized", 401],
  ["forbidden", 403],
  ["not-found", 404],
  ["not-acceptable", 406],
  ["conflict", 409],
  ["too-large", 413],
  ["not-modified", 304],
  ["not-implemented", 501],
  ["unavailable", 503],
  ["exhausted", 500],
  ["cancelled", 499],
  ["system", 500],
];

describe("errorToHttp", () => {
  test.each(statuses)("%s is %i, with its text", (category, status) => {
    expect(errorToHttp(new EngineError(category, "what happened"))).toEqual({ kind: "error", status, message: "what happened" });
  });

  const strangers: [name: string, error: unknown, message: string][] = [
    ["a bug", new TypeError("cannot read /var/lib/secret of undefined"), "internal error: see the daemon's log"],
    ["a full disk", Object.assign(new Error("ENOSPC: write '/var/lib/x'"), { code: "ENOSPC" }), "no space left on device"],
    ["too many open files", Object.assign(new Error("EMFILE"), { code: "EMFILE" }), "too many open files"],
    ["a missing file", Object.assign(new Error("ENOENT: '/var/lib/x'"), { code: "ENOENT" }), "internal error: see the daemon's log"],
    ["a name of Object's", Object.assign(new Error("x"), { code: "constructor" }), "internal error: see the daemon's log"],
    ["no error at all", "text", "internal error: see the daemon's log"],
    ["nothing", undefined, "internal error: see the daemon's log"],
  ];
  test.each(strangers)("%s is 500 and tells no details", (_name, error, message) => {
    expect(errorToHttp(error)).toEqual({ kind: "error", status: 500, message });
  });
});

test("faults are what the log should have", () => {
  expect([new Error("x"), new EngineError("system", "x"), new EngineError("exhausted", "x")].map(isFault)).toEqual([true, true, true]);
  expect([new EngineError("invalid", "x"), new EngineError("unavailable", "x")].map(isFault)).toEqual([false, false]);
});
