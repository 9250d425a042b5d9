import { EngineError } from "#errors/engine-error.ts";
import type { ApiRequest, Reply } from "#http/route.ts";
import { isDigest } from "#spec/digest.ts";
import { parsePlatform, type Platform } from "#spec/platform.ts";
import { parseReference, withDigest, withTag, type Reference } from "#spec/reference.ts";
import { parseRegistryAuth } from "#spec/registry-auth.ts";
import type { ImageArrivals } from "./backend.ts";
import { progressReply } from "./progress-reply.ts";

/** Pulls (`fromImage`) or imports (`fromSrc`). */
export function createImage(backend: Pick<ImageArrivals, "pull" | "import">, request: ApiRequest): Promise<Reply> {
  const image = request.query.get("fromImage") ?? "";
  const platform = platformOf(request.query);
  return image === "" ? importFrom(backend, request, platform) : pullFrom(backend, request, image, platform);
}

function pullFrom(
  backend: Pick<ImageArrivals, "pull">,
  request: ApiRequest,
  image: string,
  platform: Platform | undefined,
): Promise<Reply> {
  const reference = pulledReference(image, request.query.get("tag") ?? "");
  const auth = parseRegistryAuth(request.headers["x-registry-auth"]);
  return progressReply((progress, signal) => backend.pull({ reference, platform, auth }, progress, signal), request.signal, false);
}

/** `tag` may be a digest and wins over what the name has; `pull -a` sends a name with a colon at its end. */
function pulledReference(image: string, tag: string): Reference {
  const reference = parseReference(image.replace(/:$/, ""));
  if (tag === "") return reference;
  return isDigest(tag) ? withDigest(reference, tag) : { ...withTag(reference, tag), digest: reference.digest };
}

function importFrom(backend: Pick<ImageArrivals, "import">, request: ApiRequest, platform: Platform | undefined): Promise<Reply> {
  const { query } = request;
  const source = query.get("fromSrc") ?? "";
  if (source !== "-") {
    throw new EngineError("not-implemented", "fromSrc: only - is supported: send the archive as the request's body");
  }
  const input = {
    archive: request.body,
    repo: query.get("repo") ?? "",
    tag: query.get("tag") ?? "",
    message: query.get("message") || `Imported from ${source}`,
    changes: query.getAll("changes"),
    platform,
  };
  const work = async (progress: (line: { status: string }) => void, signal: AbortSignal): Promise<void> => {
    progress({ status: await backend.import(input, signal) });
  };
  return progressReply(work, request.signal, false);
}

function platformOf(query: URLSearchParams): Platform | undefined {
  const text = query.get("platform") ?? "";
  return text === "" ? undefined : parsePlatform(text);
}
