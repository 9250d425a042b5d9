import { EngineError } from "#errors/engine-error.ts";
import {
  type ApiVersion,
  compareApiVersions,
  formatApiVersion,
  newestApiVersion,
  oldestApiVersion,
  parseApiVersion,
} from "#spec/api-version.ts";

export interface RequestPath {
  /** Undefined for a path without one, which means the newest. */
  readonly version: ApiVersion | undefined;
  /** Without version and query; still encoded. */
  readonly path: string;
  readonly query: string;
}

/** Takes `/v1.51/info?x=1` apart. What looks like a version and is none stays part of the path. */
export function parseTarget(target: string): RequestPath {
  const mark = target.indexOf("?");
  const whole = mark < 0 ? target : target.slice(0, mark);
  const query = mark < 0 ? "" : target.slice(mark + 1);
  const match = /^\/v([0-9.]+)(\/.*)$/.exec(whole);
  const version = parseApiVersion(match?.[1] ?? "");
  return version === undefined ? { version, path: whole, query } : { version, path: match?.[2] ?? "", query };
}

/** @throws EngineError `invalid` with Docker's texts. */
export function checkVersion(version: ApiVersion, least: ApiVersion): void {
  const shown = formatApiVersion(version);
  if (compareApiVersions(version, least) < 0) {
    const floor = formatApiVersion(least);
    const advice = "please upgrade your client to a newer version";
    throw new EngineError("invalid", `client version ${shown} is too old. Minimum supported API version is ${floor}, ${advice}`);
  }
  if (compareApiVersions(version, newestApiVersion) > 0) {
    const ceiling = formatApiVersion(newestApiVersion);
    throw new EngineError("invalid", `client version ${shown} is too new. Maximum supported API version is ${ceiling}`);
  }
}

/** Clients of before 1.24 print an answer as it is, so they get no JSON. */
export function readsPlainText(version: ApiVersion | undefined): boolean {
  return version !== undefined && compareApiVersions(version, oldestApiVersion) < 0;
}
