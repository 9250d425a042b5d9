import { EngineError, isEngineError, messageOf, type ErrorCategory } from "#errors/engine-error.ts";
import { WorkerJobFailure } from "#lib/worker/pool.ts";
import { orExhausted } from "../full-disk.ts";

/** An error as it crosses from a thread: structured clone would lose its class, category and code. */
interface DescribedError {
  readonly category: ErrorCategory;
  readonly code: string | undefined;
  readonly message: string;
  readonly stack: string | undefined;
}

export function describeError(error: unknown): DescribedError {
  const told = orExhausted(error, "writing failed");
  const stack = error instanceof Error ? error.stack : undefined;
  if (!isEngineError(told)) return { category: "system", code: undefined, message: messageOf(told), stack };
  return { category: told.category, code: told.code, message: told.message, stack };
}

/** The engine's error again, on the other side; with where it came from as its cause. */
export function restoreError(error: unknown): unknown {
  if (!(error instanceof WorkerJobFailure)) return error;
  const { category, code, message, stack } = error.failure as DescribedError;
  return new EngineError(category, message, { cause: stack, ...(code === undefined ? {} : { code }) });
}
