import type { ApiRequest, Reply } from "#http/route.ts";
import type { ImageChanges } from "./backend.ts";

export async function tagImage(backend: Pick<ImageChanges, "tag">, { params, query }: ApiRequest): Promise<Reply> {
  backend.tag({ name: params["name"] ?? "", repo: query.get("repo") ?? "", tag: query.get("tag") ?? "" });
  return { kind: "empty", status: 201 };
}
