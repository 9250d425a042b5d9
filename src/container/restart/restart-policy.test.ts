import { expect, test } from "vitest";
import type { RestartPolicy } from "#spec/docker-api/types.ts";
import { checkRestartPolicy, restartDelay, shouldRestart, shouldRunAtBoot } from "./restart-policy.ts";

test.each([
  ["", 0],
  ["no", 0],
  ["always", 0],
  ["unless-stopped", 0],
  ["on-failure", 0],
  ["on-failure", 5],
] as const)("%s with %d retries is a policy", (name, retries) => {
  expect(() => checkRestartPolicy({ Name: name, MaximumRetryCount: retries })).not.toThrow();
});

test.each([
  ["bogus", 0, "unknown policy 'bogus'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'"],
  ["no", 3, "maximum retry count can only be used with 'on-failure'"],
  ["always", 3, "maximum retry count can only be used with 'on-failure'"],
  ["on-failure", -3, "maximum retry count cannot be negative"],
])("%s with %d retries is refused", (name, retries, problem) => {
  expect(() => checkRestartPolicy({ Name: name as "no", MaximumRetryCount: retries })).toThrow(`invalid restart policy: ${problem}`);
});

interface Case {
  readonly policy: RestartPolicy;
  readonly exitCode: number;
  readonly stopped: boolean;
  readonly count: number;
  readonly now: boolean;
  readonly boot: boolean;
}

const onFailure = { Name: "on-failure" } as const;
const twice = { Name: "on-failure", MaximumRetryCount: 2 } as const;

test.each<Case>([
  { policy: { Name: "no" }, exitCode: 1, stopped: false, count: 0, now: false, boot: false },
  { policy: { Name: "always" }, exitCode: 0, stopped: false, count: 99, now: true, boot: true },
  { policy: { Name: "always" }, exitCode: 0, stopped: true, count: 0, now: false, boot: true },
  { policy: { Name: "unless-stopped" }, exitCode: 0, stopped: false, count: 0, now: true, boot: true },
  { policy: { Name: "unless-stopped" }, exitCode: 0, stopped: true, count: 0, now: false, boot: false },
  { policy: onFailure, exitCode: 0, stopped: false, count: 0, now: false, boot: false },
  { policy: onFailure, exitCode: 1, stopped: false, count: 99, now: true, boot: true },
  { policy: onFailure, exitCode: 137, stopped: true, count: 0, now: false, boot: true },
  { policy: twice, exitCode: 1, stopped: false, count: 1, now: true, boot: true },
  { policy: twice, exitCode: 1, stopped: false, count: 2, now: false, boot: false },
])("$policy after exit $exitCode, stopped by hand $stopped, restarted $count times", ({ policy, exitCode, stopped, count, now, boot }) => {
  const question = { policy, exitCode, stopRequested: stopped, restartCount: count };
  expect(shouldRestart(question)).toBe(now);
  expect(shouldRunAtBoot(question)).toBe(boot);
});

test("the wait doubles up to a minute, and starts anew after a good run", () => {
  const waits: number[] = [];
  let wait: number | undefined;
  for (let restart = 0; restart < 12; restart += 1) waits.push((wait = restartDelay(wait, 50)));
  expect(waits).toEqual([100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 51_200, 60_000, 60_000]);
  expect(restartDelay(60_000, 10_000)).toBe(100);
  expect(restartDelay(60_000, 9999)).toBe(60_000);
});
