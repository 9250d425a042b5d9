import { EngineError, type ErrorCategory, isEngineError } from "#errors/engine-error.ts";
import type { ErrorReply } from "#http/answer.ts";

/** The one place where what went wrong becomes a status code. */
const statusOf: Readonly<Record<ErrorCategory, number>> = {
  invalid: 400,
  unauthorized: 401,
  forbidden: 403,
  "not-found": 404,
  "not-acceptable": 406,
  conflict: 409,
  "too-large": 413,
  "not-modified": 304,
  "not-implemented": 501,
  unavailable: 503,
  // Docker answers a full disk with 500, and clients know no 507.
  exhausted: 500,
  // Nobody is left to read it; the number is for the log.
  cancelled: 499,
  system: 500,
};

/** Faults of the host that the caller should hear of, in words without paths. */
const hostFaults: ReadonlyMap<unknown, string> = new Map([
  ["ENOSPC", "no space left on device"],
  ["EDQUOT", "disk quota exceeded"],
  ["EROFS", "read-only file system"],
  ["ENOMEM", "cannot allocate memory"],
  ["EMFILE", "too many open files"],
  ["ENFILE", "too many open files in system"],
  ["EIO", "input/output error"],
]);

/** An error that is none of ours says nothing to the outside: its text may hold paths, addresses or values. It is in the log. */
const UNKNOWN = "internal error: see the daemon's log";

export function errorToHttp(error: unknown): ErrorReply {
  if (error instanceof EngineError) return { kind: "error", status: statusOf[error.category], message: error.message };
  const fault = hostFaults.get((error as { code?: unknown } | null | undefined)?.code);
  return { kind: "error", status: 500, message: fault ?? UNKNOWN };
}

/** False for what is no fault of the engine: the caller's mistakes, and refusals that are meant. */
export function isFault(error: unknown): boolean {
  return !isEngineError(error) || statusOf[error.category] === 500;
}
