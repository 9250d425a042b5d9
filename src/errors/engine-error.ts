/**
 * What went wrong, in the engine's own words. The api layer alone maps a category to a status code (`api/error-to-http.ts`).
 *
 * - `invalid`: the caller's input cannot be acted on; the message names the field.
 * - `unauthorized`: credentials are missing or wrong (towards a registry).
 * - `forbidden`: understood, and refused on purpose.
 * - `not-found`: a container, image, network … of that name does not exist.
 * - `conflict`: the object is in a state, or a name in a use, that does not allow it now.
 * - `not-modified`: the object is already as was asked for.
 * - `not-acceptable`: the caller asks for a form of answer that cannot be given.
 * - `not-implemented`: a capability that this engine, or this host, does not have.
 * - `unavailable`: something the engine depends on is not there (no swarm, registry unreachable).
 * - `exhausted`: a disk, a pool or a limit is full.
 * - `too-large`: the input is over its documented limit.
 * - `cancelled`: the caller went away.
 * - `system`: everything else: a fault of the host or of ours.
 */
export type ErrorCategory =
  | "invalid"
  | "unauthorized"
  | "forbidden"
  | "not-found"
  | "conflict"
  | "not-modified"
  | "not-acceptable"
  | "not-implemented"
  | "unavailable"
  | "exhausted"
  | "too-large"
  | "cancelled"
  | "system";

export interface EngineErrorOptions {
  /** The error this one explains; always kept. */
  readonly cause?: unknown;
  /** A finer word for code that has to decide, e.g. `not-executable`. Never match on the message. */
  readonly code?: string;
}

export class EngineError extends Error {
  override readonly name = "EngineError";
  readonly category: ErrorCategory;
  readonly code: string | undefined;

  constructor(category: ErrorCategory, message: string, options: EngineErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.category = category;
    this.code = options.code;
  }
}

/** True for an EngineError of one of the categories. */
export function isEngineError(error: unknown, ...categories: ErrorCategory[]): error is EngineError {
  return error instanceof EngineError && (categories.length === 0 || categories.includes(error.category));
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
