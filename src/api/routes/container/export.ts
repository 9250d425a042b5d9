import type { ApiRequest, Reply } from "#http/route.ts";
import type { ContainerArchives } from "./backend.ts";

export async function exportContainer(backend: Pick<ContainerArchives, "export">, { params, signal }: ApiRequest): Promise<Reply> {
  const body = await backend.export(params["id"] ?? "", signal);
  return { kind: "stream", status: 200, contentType: "application/octet-stream", body };
}
