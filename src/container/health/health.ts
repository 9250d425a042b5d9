import type { HealthPlan } from "./plan.ts";

/**
 * What is known of a container's health. Values are immutable; a check makes a new one.
 *
 * `unhealthy` is also what Docker shows of a container whose checks are at rest: paused, or not running.
 */
export interface Health {
  readonly status: "starting" | "healthy" | "unhealthy";
  /** Failures in a row, those within the start period left out. */
  readonly failingStreak: number;
  /** The last of them, the newest last. */
  readonly log: readonly ProbeResult[];
}

export interface ProbeResult {
  /** Milliseconds since the epoch. */
  readonly start: number;
  readonly end: number;
  /** 0 is healthy; -1 where the check could not be run or took too long. */
  readonly exitCode: number;
  /** Cut, with `...` behind it. */
  readonly output: string;
}

/** As many results as Docker keeps. */
const LOG_LENGTH = 5;

/** A run begins: nothing is known of it yet. The log of the run before is kept, as Docker keeps it. */
export function beginning(before: Health | undefined): Health {
  return { status: "starting", failingStreak: 0, log: before?.log ?? [] };
}

/** The checks rest. Docker has called that unhealthy since it has had checks, and clients know it. */
export function resting(health: Health): Health {
  return { ...health, status: "unhealthy" };
}

/**
 * Takes in a result.
 *
 * @param sinceStart how long the container had run when the check began, ms.
 */
export function afterProbe(health: Health, plan: HealthPlan, result: ProbeResult, sinceStart: number): Health {
  const log = [...health.log.slice(1 - LOG_LENGTH), result];
  if (result.exitCode === 0) return { status: "healthy", failingStreak: 0, log };
  // A failure counts from the first success on, or from the end of the start period.
  if (health.status === "starting" && sinceStart < plan.startPeriodMs) return { ...health, log };
  const failingStreak = health.failingStreak + 1;
  return { status: failingStreak >= plan.retries ? "unhealthy" : health.status, failingStreak, log };
}

/** How long to wait, from the end of one check, or from the start of the container, to the next. */
export function untilNext({ status }: Health, plan: HealthPlan, sinceStart: number): number {
  return status === "starting" && sinceStart < plan.startPeriodMs ? plan.startIntervalMs : plan.intervalMs;
}
