import { json, type ApiRequest, type Reply } from "#http/route.ts";
import { parseImageName } from "#spec/reference.ts";
import { EngineError } from "#errors/engine-error.ts";
import { parseRegistryAuth } from "#spec/registry-auth.ts";
import type { RegistryBackend } from "./backend.ts";

export async function inspectDistribution(backend: Pick<RegistryBackend, "inspect">, request: ApiRequest): Promise<Reply> {
  const name = request.params["name"] ?? "";
  const parsed = parseImageName(name);
  if (parsed.kind === "id") throw new EngineError("invalid", `unknown image reference format: ${name}`);
  const auth = parseRegistryAuth(request.headers["x-registry-auth"]);
  const { descriptor, platforms } = await backend.inspect(parsed.reference, auth, request.signal);
  return json({ Descriptor: descriptor, Platforms: platforms });
}
