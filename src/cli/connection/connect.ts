import { readFileSync } from "node:fs";
import { join } from "node:path";
import { connect, type EngineClient } from "#client/engine-client.ts";
import { EngineError, messageOf } from "#errors/engine-error.ts";
import { parseApiVersion, type ApiVersion } from "#spec/api-version.ts";
import { readIfThere } from "./config-file.ts";
import type { Endpoint, EndpointTls } from "./endpoint.ts";

export interface ConnectionSettings {
  /** DOCKER_API_VERSION; agreed on with the daemon when absent. */
  readonly apiVersion: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
}

/** The client of an endpoint. @throws EngineError `invalid` for a certificate that cannot be read, or a version that is none. */
export function clientOf({ host, tls }: Endpoint, { apiVersion, headers }: ConnectionSettings): EngineClient {
  return connect(host, {
    ...(tls === undefined ? {} : { identity: identityOf(tls) }),
    apiVersion: apiVersion === undefined || apiVersion === "" ? undefined : versionOf(apiVersion),
    headers,
  });
}

function versionOf(text: string): ApiVersion {
  const version = parseApiVersion(text.replace(/^v/, ""));
  if (version === undefined) throw new EngineError("invalid", `DOCKER_API_VERSION is ${JSON.stringify(text)}: want one such as 1.51`);
  return version;
}

function identityOf({ folder, ca, cert, key, verify }: EndpointTls): NonNullable<Parameters<typeof connect>[1]>["identity"] {
  return {
    ca: pem(ca, join(folder, "ca.pem")),
    cert: pem(cert, join(folder, "cert.pem")),
    key: pem(key, join(folder, "key.pem")),
    rejectUnauthorized: verify,
  };
}

/** A file that is named has to be there; one in its usual place may be missing. */
function pem(named: string | undefined, usual: string): string | undefined {
  if (named === undefined) return readIfThere(usual);
  try {
    return readFileSync(named, "utf8");
  } catch (cause) {
    throw new EngineError("invalid", `unable to read a certificate or key: ${messageOf(cause)}`, { cause });
  }
}
