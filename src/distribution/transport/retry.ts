import { setTimeout as sleep } from "node:timers/promises";
import { EngineError } from "#errors/engine-error.ts";
import { isTransient } from "./network-error.ts";

export interface RetryOptions {
  /** Attempts in a row that bring nothing. */
  readonly attempts: number;
  /** Before the second attempt; doubles from there. */
  readonly firstDelayMs: number;
  readonly longestDelayMs: number;
}

export const defaultRetry: RetryOptions = Object.freeze({ attempts: 5, firstDelayMs: 250, longestDelayMs: 5000 });

/** Tries again what failed for a moment, a bounded number of times. */
export async function withRetries<T>(options: RetryOptions, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  for (let failures = 1; ; failures++) {
    try {
      return await work();
    } catch (error) {
      if (!isTransient(error) || failures >= options.attempts) throw error;
      await pauseBeforeRetry(options, failures, signal);
    }
  }
}

/** Waits longer each time, and not for the same time as everybody else. @throws EngineError `cancelled`. */
export async function pauseBeforeRetry(options: RetryOptions, failures: number, signal: AbortSignal): Promise<void> {
  const delay = Math.min(options.firstDelayMs * 2 ** (failures - 1), options.longestDelayMs);
  try {
    await sleep(delay * (0.75 + Math.random() / 2), undefined, { signal });
  } catch (cause) {
    throw new EngineError("cancelled", "context canceled", { cause });
  }
}
