import type { AuthConfig } from "#spec/docker-api/types.ts";
import type { CliConfigFile } from "../connection/config-file.ts";
import { registryAuth } from "../connection/credentials.ts";

const HUB = "docker.io";
const HUB_KEYS: ReadonlySet<string> = new Set(["https://index.docker.io/v1/", "index.docker.io", HUB]);

/** The user's credentials for every registry that the configuration names: which of them the bases are from, the daemon finds out. */
export async function allAuths(config: CliConfigFile): Promise<Readonly<Record<string, AuthConfig>>> {
  const keys = [config.auths, config.environmentAuths, config.credHelpers].flatMap((entries) => Object.keys(entries ?? {}));
  const registries = new Set(keys.map((key) => (HUB_KEYS.has(key) ? HUB : (key.replace(/^https?:\/\//, "").split("/", 1)[0] ?? key))));
  const found: Record<string, AuthConfig> = {};
  for (const registry of registries) {
    const auth = await registryAuth(config, registry);
    if (auth?.serveraddress !== undefined) found[auth.serveraddress] = auth;
  }
  return found;
}
