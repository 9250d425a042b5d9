import { existsSync } from "node:fs";
import { join } from "node:path";
import { EngineError } from "#errors/engine-error.ts";
import { readIfThere } from "./config-file.ts";
import type { Endpoint, EndpointTls } from "./endpoint.ts";

/** Where a context leads. */
export type ContextEndpoint = Omit<Endpoint, "context">;

/**
 * Reads a context as docker's command line stores it: `contexts/meta/<sha256 of the name>/meta.json`, its certificates beside it under `tls`.
 *
 * @throws EngineError `not-found`, with Docker's text; `invalid` for one that leads nowhere.
 */
export function readContext(folder: string, name: string): ContextEndpoint {
  // Loaded by who has contexts: it takes as long as all the rest of a short command.
  const { createHash } = process.getBuiltinModule("node:crypto");
  const key = createHash("sha256").update(name).digest("hex");
  const path = join(folder, "contexts/meta", key, "meta.json");
  const text = readIfThere(path);
  if (text === undefined) throw new EngineError("not-found", `context ${JSON.stringify(name)}: context not found: open ${path}`);
  const { Host: host = "", SkipTLSVerify = false } = endpointOf(text, path);
  if (host === "") throw new EngineError("invalid", `context ${JSON.stringify(name)} names no docker endpoint`);
  return { host, tls: tlsOf(join(folder, "contexts/tls", key, "docker"), SkipTLSVerify) };
}

interface StoredEndpoint {
  readonly Host?: string;
  readonly SkipTLSVerify?: boolean;
}

function endpointOf(text: string, path: string): StoredEndpoint {
  try {
    return (JSON.parse(text) as { Endpoints?: { docker?: StoredEndpoint } }).Endpoints?.docker ?? {};
  } catch (cause) {
    throw new EngineError("invalid", `${path} is not valid JSON`, { cause });
  }
}

function tlsOf(folder: string, skipVerify: boolean): EndpointTls | undefined {
  if (!existsSync(folder) && !skipVerify) return undefined;
  return { folder, ca: undefined, cert: undefined, key: undefined, verify: !skipVerify };
}
