import { json, type ApiRequest, type Reply } from "#http/route.ts";
import { parseAuthConfig } from "#spec/registry-auth.ts";
import type { RegistryBackend } from "./backend.ts";

export async function checkAuth(backend: Pick<RegistryBackend, "login">, request: ApiRequest): Promise<Reply> {
  const auth = parseAuthConfig(await request.json());
  const identityToken = await backend.login(auth, request.signal);
  return json({ Status: "Login Succeeded", IdentityToken: identityToken ?? "" });
}
