import { expect, test } from "vitest";
import { afterProbe, beginning, resting, untilNext, type Health, type ProbeResult } from "./health.ts";
import { healthPlan, unknownCheck, type HealthPlan } from "./plan.ts";
import { goDuration } from "./probe.ts";

const SECOND_NS = 1_000_000_000;
const plan: HealthPlan = {
  command: ["true"],
  intervalMs: 30_000,
  timeoutMs: 30_000,
  startPeriodMs: 10_000,
  startIntervalMs: 500,
  retries: 3,
};
const result = (exitCode: number, output = ""): ProbeResult => ({ start: 1, end: 2, exitCode, output });
const starting = beginning(undefined);

/** Exit codes one after the other, each with how long the container had run. */
function statuses(results: readonly (readonly [exitCode: number, sinceStart: number])[]): string[] {
  let health: Health = starting;
  return results.map(([exitCode, sinceStart]) => {
    health = afterProbe(health, plan, result(exitCode), sinceStart);
    return `${health.status} ${health.failingStreak}`;
  });
}

test("one success is healthy, so many failures in a row are unhealthy, and one success mends it", () => {
  const late = 60_000;
  expect(statuses([1, 1, 1, 1, 0, 1, 1, 2].map((code) => [code, late]))).toEqual([
    "starting 1",
    "starting 2",
    "unhealthy 3",
    "unhealthy 4",
    "healthy 0",
    "healthy 1",
    "healthy 2",
    "unhealthy 3",
  ]);
});

test("failures within the start period do not count, until the first success", () => {
  expect(
    statuses([
      [1, 100],
      [1, 9_999],
      [1, 10_000],
    ]),
  ).toEqual(["starting 0", "starting 0", "starting 1"]);
  expect(
    statuses([
      [0, 100],
      [1, 600],
    ]),
  ).toEqual(["healthy 0", "healthy 1"]);
});

test("a check that could not be run, or took too long, is a failure", () => {
  expect(statuses([[-1, 60_000]])).toEqual(["starting 1"]);
});

test("the last five results are kept, over a restart too", () => {
  let health: Health = starting;
  for (let code = 1; code <= 7; code++) health = afterProbe(health, plan, result(code), 60_000);
  expect(health.log.map(({ exitCode }) => exitCode)).toEqual([3, 4, 5, 6, 7]);
  expect(beginning(health)).toEqual({ status: "starting", failingStreak: 0, log: health.log });
});

test("checks that rest are unhealthy, and the streak stays", () => {
  expect(resting({ status: "healthy", failingStreak: 1, log: [] })).toEqual({ status: "unhealthy", failingStreak: 1, log: [] });
});

test.each([
  ["starting", 0, 500],
  ["starting", 9_999, 500],
  ["starting", 10_000, 30_000],
  ["healthy", 0, 30_000],
  ["unhealthy", 0, 30_000],
] as const)("a container that is %s after %i ms is checked again after %i ms", (status, sinceStart, expected) => {
  expect(untilNext({ status, failingStreak: 0, log: [] }, plan, sinceStart)).toBe(expected);
});

test.each([
  ["nothing", {}, undefined],
  ["NONE", { Healthcheck: { Test: ["NONE"] } }, undefined],
  ["no test", { Healthcheck: { Test: [], Interval: SECOND_NS } }, undefined],
  ["another's kind", { Healthcheck: { Test: ["HTTP", "/"] } }, undefined],
  ["CMD", { Healthcheck: { Test: ["CMD", "a", "b c"] } }, ["a", "b c"]],
  ["CMD-SHELL", { Healthcheck: { Test: ["CMD-SHELL", "a b"] } }, ["/bin/sh", "-c", "a b"]],
  [
    "the container's SHELL",
    { Healthcheck: { Test: ["CMD-SHELL", "a b"] }, Shell: ["/bin/ash", "-eo", "pipefail", "-c"] },
    ["/bin/ash", "-eo", "pipefail", "-c", "a b"],
  ],
])("%s is run as it says", (_, config, command) => {
  expect(healthPlan(config)?.command).toEqual(command);
});

test("Docker's defaults, and what is given", () => {
  const Test = ["CMD", "x"];
  expect(healthPlan({ Healthcheck: { Test, Interval: 0 } })).toEqual({
    command: ["x"],
    intervalMs: 30_000,
    timeoutMs: 30_000,
    startPeriodMs: 0,
    startIntervalMs: 5_000,
    retries: 3,
  });
  const given = { Interval: 1e6, Timeout: 2e9, StartPeriod: 3e9, StartInterval: 4e9, Retries: 5 };
  expect(healthPlan({ Healthcheck: { Test, ...given } })).toEqual({
    command: ["x"],
    intervalMs: 1,
    timeoutMs: 2000,
    startPeriodMs: 3000,
    startIntervalMs: 4000,
    retries: 5,
  });
});

test("a kind that nobody knows is named", () => {
  expect(unknownCheck({ Healthcheck: { Test: ["HTTP", "/"] } })).toBe("HTTP");
  expect(["NONE", "CMD", "CMD-SHELL"].map((kind) => unknownCheck({ Healthcheck: { Test: [kind] } }))).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
});

test.each([
  [300, "300ms"],
  [1000, "1s"],
  [1500, "1.5s"],
  [90_000, "1m30s"],
  [7_200_000, "2h0m0s"],
])("%i ms is %s to Go", (milliseconds, text) => {
  expect(goDuration(milliseconds)).toBe(text);
});
