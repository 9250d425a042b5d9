import { EngineError } from "#errors/engine-error.ts";
import type { ApiRequest } from "#http/route.ts";
import { parsePlatformJson, type Platform } from "#spec/platform.ts";

/**
 * A platform in its JSON form. Below `since` the parameter did not exist, and is not looked at.
 *
 * @throws EngineError `invalid`, also for several: an image is for one platform here.
 */
export function singlePlatformOf(request: ApiRequest, name: string, since: readonly [number, number]): Platform | undefined {
  const [major, minor] = request.apiVersion;
  const isKnown = major > since[0] || (major === since[0] && minor >= since[1]);
  const values = isKnown ? request.query.getAll(name).filter((value) => value !== "") : [];
  if (values.length > 1) throw new EngineError("invalid", "multiple platforms are not supported");
  return values[0] === undefined ? undefined : parsePlatformJson(values[0]);
}
