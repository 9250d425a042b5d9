import type { AuthConfig } from "#spec/docker-api/types.ts";

/** Credentials for a registry, as the engine takes them: base64url of JSON. */
export function authHeader(auth: AuthConfig | undefined): Readonly<Record<string, string>> {
  return auth === undefined ? {} : { "X-Registry-Auth": Buffer.from(JSON.stringify(auth)).toString("base64url") };
}
