import { describe, expect, test } from "vitest";
import {
  afterExit,
  countsAsRunning,
  errorOf,
  exitCodeOf,
  isActive,
  requireActive,
  requireStartable,
  settled,
  started,
  startFailed,
  type Container,
  type ContainerState,
} from "./container.ts";

const last = { startedAt: 10, finishedAt: 20, exitCode: 3, oomKilled: false, error: "" };
const states = {
  created: { status: "created" },
  running: { status: "running", pid: 7, startedAt: 30, stopRequested: false },
  paused: { status: "paused", pid: 7, startedAt: 30, stopRequested: false },
  restarting: { status: "restarting", last },
  exited: { status: "exited", last, stopRequested: false },
} as const satisfies Record<string, ContainerState>;

const containerIn = (state: ContainerState): Container => ({ id: "abc", state }) as Container;

test.each([
  ["created", false, false],
  ["running", true, true],
  ["paused", true, true],
  ["restarting", false, true],
  ["exited", false, false],
] as const)("%s: active %s, counts as running %s", (status, active, running) => {
  expect(isActive(states[status])).toBe(active);
  expect(countsAsRunning(states[status])).toBe(running);
});

describe("what may be started", () => {
  test.each([
    ["created", undefined],
    ["exited", undefined],
    ["running", "not-modified"],
    ["restarting", "not-modified"],
    ["paused", "conflict"],
  ] as const)("%s: %s", (status, category) => {
    const start = (): void => requireStartable(containerIn(states[status]));
    if (category === undefined) expect(start).not.toThrow();
    else expect(start).toThrow(expect.objectContaining({ category }) as Error);
  });

  test("Docker's text for one that does not run", () => {
    expect(() => requireActive(containerIn(states.exited))).toThrow("container abc is not running");
  });
});

test("a start keeps the end of the run before", () => {
  expect(started(states.created, 9, 40)).toEqual({ status: "running", pid: 9, startedAt: 40, stopRequested: false });
  expect(started(states.exited, 9, 40)).toMatchObject({ finishedBefore: 20 });
});

test("a failed start: created stays created, exited stays exited", () => {
  const failure = { exitCode: 127, message: "no such file" };
  const created = startFailed(states.created, failure);
  expect(created).toEqual({ status: "created", failure });
  expect([exitCodeOf(created), errorOf(created)]).toEqual([127, "no such file"]);
  expect(startFailed(states.exited, failure)).toEqual({
    status: "exited",
    last: { ...last, exitCode: 127, error: "no such file" },
    stopRequested: false,
  });
});

test("an exit leads to exited, or to restarting", () => {
  const ending = { exitCode: 1, finishedAt: 50, oomKilled: true };
  expect(afterExit({ ...states.running, stopRequested: true }, ending, false)).toEqual({
    status: "exited",
    last: { startedAt: 30, finishedAt: 50, exitCode: 1, oomKilled: true, error: "" },
    stopRequested: true,
  });
  expect(afterExit(states.paused, ending, true)).toMatchObject({ status: "restarting", last: { exitCode: 1 } });
});

test("a restart that is called off is an exit", () => {
  expect(settled(states.restarting, true)).toEqual({ status: "exited", last, stopRequested: true });
});
