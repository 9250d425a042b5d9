import { json, type ApiRequest, type Reply } from "#http/route.ts";
import { historyView } from "../../views/image.ts";
import type { ImageQueries } from "./backend.ts";
import { singlePlatformOf } from "./platform-query.ts";

export async function imageHistory(backend: Pick<ImageQueries, "history">, request: ApiRequest): Promise<Reply> {
  const steps = backend.history(request.params["name"] ?? "", singlePlatformOf(request, "platform", [1, 48]));
  return json(steps.map(historyView));
}
