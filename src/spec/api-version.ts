/** A version of Docker's Engine API: `[1, 51]`. */
export type ApiVersion = readonly [major: number, minor: number];

/** What this engine speaks. Docker's daemon raised its floor in 2025 and broke half of its clients overnight: ours stays where it was. */
export const newestApiVersion: ApiVersion = [1, 55];
export const oldestApiVersion: ApiVersion = [1, 24];

/** Parses `1.51`; undefined when it is none. */
export function parseApiVersion(text: string): ApiVersion | undefined {
  const match = /^(\d{1,4})\.(\d{1,4})$/.exec(text);
  return match === null ? undefined : [Number(match[1]), Number(match[2])];
}

export function formatApiVersion([major, minor]: ApiVersion): string {
  return `${major}.${minor}`;
}

/** Negative, zero or positive, as `a` is older than, the same as or newer than `b`. */
export function compareApiVersions(a: ApiVersion, b: ApiVersion): number {
  return a[0] - b[0] || a[1] - b[1];
}
