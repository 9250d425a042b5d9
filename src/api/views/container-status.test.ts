import { expect, test } from "vitest";
import type { ContainerState } from "#container/record/container.ts";
import { humanDuration, statusText } from "./container-status.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

test.each([
  [-5, "Less than a second"],
  [999, "Less than a second"],
  [SECOND, "1 second"],
  [59 * SECOND, "59 seconds"],
  [MINUTE, "About a minute"],
  [2 * MINUTE - 1, "About a minute"],
  [3 * MINUTE, "3 minutes"],
  [59 * MINUTE + 59 * SECOND, "59 minutes"],
  [HOUR, "About an hour"],
  [89 * MINUTE, "About an hour"],
  [90 * MINUTE, "2 hours"],
  [47 * HOUR, "47 hours"],
  [2 * DAY, "2 days"],
  [13 * DAY, "13 days"],
  [14 * DAY, "2 weeks"],
  [59 * DAY, "8 weeks"],
  [60 * DAY, "2 months"],
  [729 * DAY, "24 months"],
  [730 * DAY, "2 years"],
])("%d ms is %s", (milliseconds, text) => {
  expect(humanDuration(milliseconds)).toBe(text);
});

const last = { startedAt: 0, finishedAt: 0, exitCode: 3, oomKilled: false, error: "" };

test.each<[ContainerState, string]>([
  [{ status: "created" }, "Created"],
  [{ status: "running", pid: 1, startedAt: 0, stopRequested: false }, "Up 3 minutes"],
  [{ status: "paused", pid: 1, startedAt: 0, stopRequested: false }, "Up 3 minutes (Paused)"],
  [{ status: "restarting", last }, "Restarting (3) 3 minutes ago"],
  [{ status: "exited", last, stopRequested: false }, "Exited (3) 3 minutes ago"],
])("%j: %s", (state, text) => {
  expect(statusText({ state }, undefined, 3 * MINUTE)).toBe(text);
});

test.each([
  ["starting", "Up 3 minutes (health: starting)"],
  ["healthy", "Up 3 minutes (healthy)"],
  ["unhealthy", "Up 3 minutes (unhealthy)"],
] as const)("%s is said of a container that runs, and of no other", (status, text) => {
  const health = { status, failingStreak: 0, log: [] };
  const running = { status: "running", pid: 1, startedAt: 0, stopRequested: false } as const;
  expect(statusText({ state: running }, health, 3 * MINUTE)).toBe(text);
  expect(statusText({ state: { ...running, status: "paused" } }, health, 3 * MINUTE)).toBe("Up 3 minutes (Paused)");
  expect(statusText({ state: { status: "exited", last, stopRequested: false } }, health, 3 * MINUTE)).toBe("Exited (3) 3 minutes ago");
});
