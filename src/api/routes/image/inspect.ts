import { EngineError } from "#errors/engine-error.ts";
import { json, type ApiRequest, type Reply } from "#http/route.ts";
import { booleanOf } from "../../query.ts";
import { imageInspectView } from "../../views/image-inspect.ts";
import type { ImageQueries } from "./backend.ts";
import { singlePlatformOf } from "./platform-query.ts";

/** `manifests` alone changes nothing: an image is of one platform here, as in dockerd's overlay2 store. */
export async function inspectImage(backend: Pick<ImageQueries, "inspect">, request: ApiRequest): Promise<Reply> {
  const platform = singlePlatformOf(request, "platform", [1, 49]);
  if (platform !== undefined && booleanOf(request.query, "manifests")) {
    throw new EngineError("invalid", "conflicting options: manifests and platform options cannot both be set");
  }
  return json(imageInspectView(backend.inspect(request.params["name"] ?? "", platform), request.apiVersion));
}
