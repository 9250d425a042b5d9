import { EngineError } from "#errors/engine-error.ts";
import { json, type ApiRequest, type Reply } from "#http/route.ts";
import { booleanOf } from "../../query.ts";
import { removedView } from "../../views/image.ts";
import type { ImageChanges } from "./backend.ts";
import { singlePlatformOf } from "./platform-query.ts";

export async function removeImage(backend: Pick<ImageChanges, "remove">, request: ApiRequest): Promise<Reply> {
  const name = request.params["name"] ?? "";
  if (name.trim() === "") throw new EngineError("invalid", "image name cannot be blank");
  const removed = await backend.remove({
    name,
    force: booleanOf(request.query, "force"),
    pruneParents: !booleanOf(request.query, "noprune"),
    platform: singlePlatformOf(request, "platforms", [1, 50]),
  });
  return json(removed.map(removedView));
}
