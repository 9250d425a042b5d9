import type { ApiRequest, Reply } from "#http/route.ts";
import { booleanOf } from "../../query.ts";
import type { ImageArrivals } from "./backend.ts";
import { singlePlatformOf } from "./platform-query.ts";
import { progressReply } from "./progress-reply.ts";

/** Takes in the archive that is the request's body. Like dockerd it answers 200 whatever happens, and errors are lines. */
export function loadImages(backend: Pick<ImageArrivals, "load">, request: ApiRequest): Promise<Reply> {
  const input = {
    archive: request.body,
    platform: singlePlatformOf(request, "platform", [1, 48]),
    quiet: booleanOf(request.query, "quiet", true),
  };
  return progressReply((progress, signal) => backend.load(input, progress, signal), request.signal, true);
}
