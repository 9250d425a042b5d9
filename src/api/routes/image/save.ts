import type { ApiRequest, Reply } from "#http/route.ts";
import type { ImageDepartures } from "./backend.ts";
import { singlePlatformOf } from "./platform-query.ts";

/** Of the image in the path, or of those in `names`. */
export async function saveImages(backend: Pick<ImageDepartures, "save">, request: ApiRequest): Promise<Reply> {
  const { name } = request.params;
  const names = name === undefined ? request.query.getAll("names") : [name];
  const platform = singlePlatformOf(request, "platform", [1, 48]);
  return { kind: "stream", status: 200, contentType: "application/x-tar", body: await backend.save({ names, platform }, request.signal) };
}
