import type { ApiRequest, Reply } from "#http/route.ts";
import { parseReference, withTag, type Reference } from "#spec/reference.ts";
import { parseRegistryAuth } from "#spec/registry-auth.ts";
import type { ImageDepartures } from "./backend.ts";
import { singlePlatformOf } from "./platform-query.ts";
import { progressReply } from "./progress-reply.ts";

/** Without a tag, in the name or beside it, every tag of the repository is meant. */
export function pushImage(backend: Pick<ImageDepartures, "push">, request: ApiRequest): Promise<Reply> {
  const reference = pushedReference(request.params["name"] ?? "", request.query.get("tag") ?? "");
  const auth = parseRegistryAuth(request.headers["x-registry-auth"]);
  const platform = singlePlatformOf(request, "platform", [1, 46]);
  return progressReply((progress, signal) => backend.push({ reference, platform, auth }, progress, signal), request.signal, false);
}

function pushedReference(name: string, tag: string): Reference {
  const reference = parseReference(name);
  return tag === "" ? reference : withTag(reference, tag);
}
