import { json, type ApiRequest, type Reply } from "#http/route.ts";
import type { ContainerUpdateBody } from "#spec/docker-api/types.ts";
import { validate } from "#spec/docker-api/validate.ts";
import type { ContainerLifecycle } from "./backend.ts";

export async function updateContainer(backend: Pick<ContainerLifecycle, "update">, request: ApiRequest): Promise<Reply> {
  const change = validate("ContainerUpdateBody", (await request.json()) ?? {}) as ContainerUpdateBody;
  const { warnings } = await backend.update(request.params["id"] ?? "", change);
  return json({ Warnings: warnings });
}
