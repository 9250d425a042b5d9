import { join } from "node:path";
import { writeFileAtomic } from "#lib/atomic-file.ts";
import { mkdir, realpath, stat } from "node:fs/promises";
import type { CliConfigFile, StoredAuth } from "./config-file.ts";
import { readIfThere } from "./config-file.ts";
import { helperFailure, runHelper } from "./credential-helper.ts";
import { credentialKey } from "./credentials.ts";

export interface KeptCredential {
  readonly username: string;
  readonly password: string;
  /** Kept in the password's place, where the registry gave one. */
  readonly identityToken: string | undefined;
}

/** Where credentials are kept: what is in `config.json`, and its folder. */
export interface CredentialPlace {
  readonly config: CliConfigFile;
  readonly configFolder: string;
}

/** @returns the file that they lie in without encryption; undefined: a helper has them. */
export async function keepCredential(
  { config, configFolder }: CredentialPlace,
  registry: string,
  { username, password, identityToken }: KeptCredential,
): Promise<string | undefined> {
  const key = credentialKey(registry);
  const helper = config.credHelpers?.[registry] ?? config.credsStore;
  if (helper === undefined) {
    const pair = Buffer.from(`${username}:${identityToken === undefined ? password : ""}`).toString("base64");
    const stored = { auth: pair, ...(identityToken === undefined ? {} : { identitytoken: identityToken }) };
    return await changeAuths(configFolder, (auths) => ({ ...auths, [key]: stored }));
  }
  const secret = identityToken === undefined ? { Username: username, Secret: password } : { Username: "<token>", Secret: identityToken };
  const answer = await runHelper(helper, "store", JSON.stringify({ ServerURL: key, ...secret }));
  if (answer.code !== 0) throw helperFailure(helper, "store", answer);
  await changeAuths(configFolder, (auths) => ({ ...auths, [key]: {} }));
  return undefined;
}

/** Missing is no error. */
export async function forgetCredential({ config, configFolder }: CredentialPlace, registry: string): Promise<void> {
  const key = credentialKey(registry);
  const helper = config.credHelpers?.[registry] ?? config.credsStore;
  if (helper !== undefined) {
    const answer = await runHelper(helper, "erase", key);
    if (answer.code !== 0 && !answer.output.includes("credentials not found")) throw helperFailure(helper, "erase", answer);
  }
  await changeAuths(configFolder, (auths) =>
    Object.fromEntries(Object.entries(auths).filter(([name]) => name !== key && name !== registry)),
  );
}

/** All else in the file stays as it is, down to keys that nobody here knows. */
async function changeAuths(
  configFolder: string,
  change: (auths: Readonly<Record<string, StoredAuth>>) => Readonly<Record<string, StoredAuth>>,
): Promise<string> {
  await mkdir(configFolder, { recursive: true, mode: 0o700 });
  const named = join(configFolder, "config.json");
  // A link stays one: people keep this file elsewhere.
  const path = await realpath(named).catch(() => named);
  const file = JSON.parse(readIfThere(path) || "{}") as CliConfigFile;
  const mode = (await stat(path).catch(() => undefined))?.mode ?? 0o600;
  await writeFileAtomic(path, JSON.stringify({ ...file, auths: change(file.auths ?? {}) }, undefined, "\t"), mode & 0o600);
  return path;
}
