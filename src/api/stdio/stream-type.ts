import { compareApiVersions, type ApiVersion } from "#spec/api-version.ts";

const MULTIPLEXED_SINCE: ApiVersion = [1, 42];

/** Since 1.42 the type says whether there are frames; before, clients had to know. */
export function streamContentType(tty: boolean, apiVersion: ApiVersion): string {
  const framed = !tty && compareApiVersions(apiVersion, MULTIPLEXED_SINCE) >= 0;
  return framed ? "application/vnd.docker.multiplexed-stream" : "application/vnd.docker.raw-stream";
}
