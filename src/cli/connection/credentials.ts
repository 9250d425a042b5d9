import { spawn } from "node:child_process";
import { EngineError, messageOf } from "#errors/engine-error.ts";
import type { CliConfigFile, StoredAuth } from "./config-file.ts";

/** The key under which the public registry's credentials are kept. */
const HUB_KEY = "https://index.docker.io/v1/";

/**
 * The `X-Registry-Auth` header for a registry: base64url JSON of the stored credentials, of a credential helper's answer, or of nothing.
 *
 * @param registry the host of the reference, `docker.io` for short names.
 */
export async function registryAuth(config: CliConfigFile, registry: string): Promise<string> {
  const key = registry === "docker.io" ? HUB_KEY : registry;
  const helper = config.credHelpers?.[registry] ?? config.credsStore;
  const auth = helper === undefined ? fromFile(config, registry, key) : await fromHelper(helper, key);
  return Buffer.from(JSON.stringify(auth ?? {})).toString("base64url");
}

function fromFile({ auths }: CliConfigFile, registry: string, key: string): StoredAuth | undefined {
  const stored = Object.entries(auths ?? {}).find(([name]) => name === key || hostOf(name) === registry)?.[1];
  if (stored?.auth === undefined || stored.auth === "") return stored;
  const [username = "", ...password] = Buffer.from(stored.auth, "base64").toString().split(":");
  return { ...stored, username, password: password.join(":").replace(/\0+$/, "") };
}

/** Keys were once addresses: `https://registry.example.com/v1/`. */
const hostOf = (key: string): string => key.replace(/^https?:\/\//, "").split("/", 1)[0] ?? "";

/** The credential helpers' protocol: the address on stdin, `{"Username","Secret"}` on stdout; the user `<token>` means an identity token. */
async function fromHelper(helper: string, key: string): Promise<StoredAuth | undefined> {
  const { code, output } = await ask(`docker-credential-${helper}`, key);
  if (code !== 0) {
    if (output.includes("credentials not found")) return undefined;
    throw new EngineError("system", `error getting credentials - docker-credential-${helper} ended with ${code}: ${output.trim()}`);
  }
  const { Username, Secret } = JSON.parse(output) as { Username: string; Secret: string };
  return Username === "<token>" ? { identitytoken: Secret } : { username: Username, password: Secret };
}

function ask(program: string, key: string): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, ["get"], { stdio: ["pipe", "pipe", "inherit"] });
    const chunks: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
    child.once("error", (cause) => reject(new EngineError("system", `error getting credentials - ${messageOf(cause)}`, { cause })));
    child.once("close", (code) => resolve({ code, output: Buffer.concat(chunks).toString() }));
    child.stdin.end(key);
  });
}
