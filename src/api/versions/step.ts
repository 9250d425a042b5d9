import type { ApiVersion } from "#spec/api-version.ts";

/** `GET /containers/{}/json`: a row of the routing table, with every parameter as `{}`. */
export type Operation = `${"GET" | "HEAD" | "POST" | "PUT" | "DELETE"} /${string}`;

export type JsonObject = Readonly<Record<string, unknown>>;

/**
 * What one version of the API changed, told from the side of a client that is older. Requests are lifted to the form of the newest
 * version, oldest step first; answers are taken back, newest step first. So handlers know one version alone.
 *
 * All functions are pure: they return a new value, or the one they were given.
 */
export interface VersionStep {
  /** Clients older than this need the step. */
  readonly version: ApiVersion;
  /** Query parameters that older versions did not know and ignored. */
  readonly ignoredQuery?: Readonly<Partial<Record<Operation, readonly string[]>>>;
  /** The body of a request that has one. @throws EngineError `invalid` for what must not be ignored in an old version. */
  readonly body?: Readonly<Partial<Record<Operation, (body: JsonObject) => JsonObject>>>;
  /** The body of an answer, as the newest version has it. */
  readonly answer?: Readonly<Partial<Record<Operation, (body: unknown) => unknown>>>;
}
