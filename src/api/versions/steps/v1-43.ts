import { eachObject, within, without } from "../json-object.ts";
import type { JsonObject, VersionStep } from "../step.ts";

export const v1_43: VersionStep = {
  version: [1, 43],
  body: { "POST /containers/create": (body) => within(body, "HostConfig", (config) => without(config, "Annotations")) },
  answer: { "GET /images/json": eachObject(nameless) },
};

/** An image without a name had names that said so. */
function nameless(image: JsonObject): JsonObject {
  const has = (names: unknown): boolean => Array.isArray(names) && names.length > 0;
  if (has(image["RepoTags"]) || has(image["RepoDigests"])) return image;
  return { ...image, RepoTags: ["<none>:<none>"], RepoDigests: ["<none>@<none>"] };
}
