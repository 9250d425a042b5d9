import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { EngineError } from "#errors/engine-error.ts";
import { readIfThere } from "./config-file.ts";
import type { TlsFiles } from "./endpoint.ts";

/** Where a context leads. */
export interface ContextEndpoint {
  readonly host: string;
  readonly tls: TlsFiles | undefined;
  readonly skipVerify: boolean;
}

/**
 * Reads a context as docker's command line stores it: `contexts/meta/<sha256 of the name>/meta.json`, its certificates beside it under `tls`.
 *
 * @throws EngineError `not-found`, with Docker's text.
 */
export function readContext(folder: string, name: string): ContextEndpoint {
  const key = createHash("sha256").update(name).digest("hex");
  const text = readIfThere(join(folder, "contexts/meta", key, "meta.json"));
  if (text === undefined) throw new EngineError("not-found", `context ${JSON.stringify(name)}: context not found: see 'docker context ls'`);
  const meta = JSON.parse(text) as { Endpoints?: { docker?: { Host?: string; SkipTLSVerify?: boolean } } };
  const endpoint = meta.Endpoints?.docker;
  if (endpoint?.Host === undefined || endpoint.Host === "")
    throw new EngineError("invalid", `context ${JSON.stringify(name)} names no docker endpoint`);
  return { host: endpoint.Host, tls: tlsOf(join(folder, "contexts/tls", key, "docker")), skipVerify: endpoint.SkipTLSVerify ?? false };
}

function tlsOf(folder: string): TlsFiles | undefined {
  if (!existsSync(folder)) return undefined;
  const file = (name: string): string | undefined => (existsSync(join(folder, name)) ? join(folder, name) : undefined);
  return { ca: file("ca.pem"), cert: file("cert.pem"), key: file("key.pem") };
}
