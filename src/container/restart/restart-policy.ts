import { EngineError } from "#errors/engine-error.ts";
import type { HostConfig, RestartPolicy } from "#spec/docker-api/types.ts";

const POLICIES = ["", "no", "always", "on-failure", "unless-stopped"];

const FIRST_DELAY = 100;
const LONGEST_DELAY = 60_000;
/** A container that ran this long is taken to be well: its next wait is the shortest again. */
const WELL_AFTER = 10_000;

/** @throws EngineError `invalid` with Docker's texts. */
export function checkRestartPolicy(policy: RestartPolicy): void {
  const { Name: name = "", MaximumRetryCount: retries = 0 } = policy;
  const invalid = (problem: string): EngineError => new EngineError("invalid", `invalid restart policy: ${problem}`);
  if (!POLICIES.includes(name)) {
    throw invalid(`unknown policy '${name}'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'`);
  }
  if (retries < 0) throw invalid("maximum retry count cannot be negative");
  if (retries !== 0 && name !== "on-failure") throw invalid("maximum retry count can only be used with 'on-failure'");
}

export function isRestarting({ RestartPolicy: policy }: HostConfig): boolean {
  return policy?.Name !== undefined && policy.Name !== "" && policy.Name !== "no";
}

export interface RestartQuestion {
  readonly policy: RestartPolicy | undefined;
  readonly exitCode: number;
  readonly stopRequested: boolean;
  readonly restartCount: number;
}

/** Whether a container whose run just ended is to run again. */
export function shouldRestart({ policy, exitCode, stopRequested, restartCount }: RestartQuestion): boolean {
  if (stopRequested) return false;
  switch (policy?.Name) {
    case "always":
    case "unless-stopped":
      return true;
    case "on-failure":
      return exitCode !== 0 && (!policy.MaximumRetryCount || restartCount < policy.MaximumRetryCount);
    default:
      return false;
  }
}

/**
 * Whether a container that lies still is to run when the daemon comes up. Only `unless-stopped` remembers that a user stopped it:
 * `always` comes up all the same, and `on-failure` where the stop left an exit code other than 0 (both as dockerd 28 was seen to do).
 */
export function shouldRunAtBoot(question: RestartQuestion): boolean {
  return shouldRestart({ ...question, stopRequested: question.stopRequested && question.policy?.Name === "unless-stopped" });
}

/** 100 ms, doubling up to a minute, and from the start again after a run of ten seconds. */
export function restartDelay(previous: number | undefined, ranMs: number): number {
  if (previous === undefined || ranMs >= WELL_AFTER) return FIRST_DELAY;
  return Math.min(previous * 2, LONGEST_DELAY);
}
