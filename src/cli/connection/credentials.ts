import type { AuthConfig } from "#spec/docker-api/types.ts";
import { EngineError } from "#errors/engine-error.ts";
import type { CliConfigFile, StoredAuth } from "./config-file.ts";
import { helperFailure, runHelper } from "./credential-helper.ts";

/** The key under which the public registry's credentials are kept. */
const HUB_KEY = "https://index.docker.io/v1/";

const HUB = "docker.io";
const HUB_NAMES: ReadonlySet<string> = new Set(["", HUB, "index.docker.io", "registry-1.docker.io"]);

/** The key that a registry's credentials are kept under. */
export function credentialKey(registry: string): string {
  return registry === HUB ? HUB_KEY : registry;
}

/** The registry that a person means by an address, Docker Hub by none. */
export function registryOf(server: string): string {
  const host = hostOf(server);
  return HUB_NAMES.has(host) ? HUB : host;
}

/** What a daemon is told for a registry; tokens stand beside what the API's definition names. */
export type RegistryAuth = AuthConfig & Pick<StoredAuth, "identitytoken" | "registrytoken">;

/**
 * The credentials for a registry: stored ones, a credential helper's answer, or undefined when there are none.
 *
 * @param registry the host of the reference, `docker.io` for short names.
 */
export async function registryAuth(config: CliConfigFile, registry: string): Promise<RegistryAuth | undefined> {
  const key = credentialKey(registry);
  const helper = config.credHelpers?.[registry] ?? config.credsStore;
  const stored = (auths: CliConfigFile["auths"]): RegistryAuth | undefined => storedAuth(auths, registry, key);
  const auth = stored(config.environmentAuths) ?? (helper === undefined ? stored(config.auths) : await fromHelper(helper, key));
  return auth && { ...auth, serveraddress: key };
}

function storedAuth(auths: CliConfigFile["auths"], registry: string, key: string): RegistryAuth | undefined {
  const stored = Object.entries(auths ?? {}).find(([name]) => name === key || hostOf(name) === registry)?.[1];
  if (stored === undefined) return undefined;
  const { auth = "", ...others } = stored;
  if (auth === "") return others;
  const pair = Buffer.from(auth, "base64").toString();
  const at = pair.indexOf(":");
  return at < 0 ? others : { ...others, username: pair.slice(0, at), password: pair.slice(at + 1).replace(/\0+$/, "") };
}

/** Keys were once addresses: `https://registry.example.com/v1/`. */
const hostOf = (key: string): string => key.replace(/^https?:\/\//, "").split("/", 1)[0] ?? "";

/** The credential helpers' protocol: the address on stdin, `{"Username","Secret"}` on stdout; the user `<token>` means an identity token. */
async function fromHelper(helper: string, key: string): Promise<RegistryAuth | undefined> {
  const answer = await runHelper(helper, "get", key);
  if (answer.code !== 0) {
    if (answer.output.includes("credentials not found")) return undefined;
    throw helperFailure(helper, "get", answer);
  }
  const { Username, Secret } = parsed(`docker-credential-${helper}`, answer.output);
  return Username === "<token>" ? { identitytoken: Secret } : { username: Username, password: Secret };
}

function parsed(program: string, output: string): { readonly Username: string; readonly Secret: string } {
  try {
    return JSON.parse(output) as { Username: string; Secret: string };
  } catch (cause) {
    // Not what it said: that may be a secret.
    throw new EngineError("system", `error getting credentials - ${program} did not answer in JSON`, { cause });
  }
}
