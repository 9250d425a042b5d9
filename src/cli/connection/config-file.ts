import { readFileSync } from "node:fs";
import { join } from "node:path";
import { EngineError } from "#errors/engine-error.ts";

/** What Dhow reads of `~/.docker/config.json`; keys that it does not know are somebody else's. */
export interface CliConfigFile {
  readonly currentContext?: string;
  readonly HttpHeaders?: Readonly<Record<string, string>>;
  readonly detachKeys?: string;
  readonly psFormat?: string;
  readonly imagesFormat?: string;
  readonly auths?: Readonly<Record<string, StoredAuth>>;
  readonly credsStore?: string;
  readonly credHelpers?: Readonly<Record<string, string>>;
  /** Not of the file: DOCKER_AUTH_CONFIG's, which goes before it and before every helper. */
  readonly environmentAuths?: Readonly<Record<string, StoredAuth>>;
}

export interface StoredAuth {
  /** base64 of `user:password`. */
  readonly auth?: string;
  readonly username?: string;
  readonly password?: string;
  readonly identitytoken?: string;
  readonly registrytoken?: string;
}

/**
 * @param authConfig DOCKER_AUTH_CONFIG: JSON with `auths`.
 * @throws EngineError `invalid` naming what is there and is not JSON.
 */
export function readConfigFile(folder: string, authConfig?: string): CliConfigFile {
  const path = join(folder, "config.json");
  const file = parseObject(readIfThere(path), path);
  const { auths } = parseObject(authConfig === "" ? undefined : authConfig, "DOCKER_AUTH_CONFIG");
  return { ...file, environmentAuths: auths ?? {} };
}

function parseObject(text: string | undefined, source: string): CliConfigFile {
  if (text === undefined) return {};
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : {};
  } catch (cause) {
    throw new EngineError("invalid", `${source} is not valid JSON`, { cause });
  }
}

/** A file's text; undefined when it, or its folder, is not there. */
export function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR")) return undefined;
    throw error;
  }
}
