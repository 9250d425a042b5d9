import { readFileSync, statSync } from "node:fs";
import type { TlsConfig } from "#config/daemon-config.ts";
import { EngineError, messageOf } from "#errors/engine-error.ts";
import type { TlsIdentity } from "#http/listen.ts";

/** What a TLS listener needs: who we are, who may come, and which certificates of theirs were taken back. */
export interface TlsMaterial {
  readonly identity: TlsIdentity;
  readonly revoked: string | undefined;
}

/**
 * Reads and checks the certificates, so that a mistake in them stops the start instead of every handshake.
 * Revocation lists may stand in the CA's file, among its certificates.
 *
 * @throws EngineError `invalid`.
 */
export function loadTls(config: TlsConfig): TlsMaterial {
  try {
    refuseOpenKey(config.key);
    const authority = config.clientCa === undefined ? undefined : readAuthority(config.clientCa);
    const identity = { cert: readFileSync(config.cert, "utf8"), key: readFileSync(config.key, "utf8"), ca: authority?.certificates };
    // Not imported: a daemon on a unix socket does without the 8 MB that it takes.
    process.getBuiltinModule("node:tls").createSecureContext({ cert: identity.cert, key: identity.key });
    return { identity, revoked: authority?.revoked };
  } catch (error) {
    throw new EngineError("invalid", `invalid TLS configuration: ${messageOf(error)}`, { cause: error });
  }
}

/** Whoever reads the key can be this daemon towards its clients. */
function refuseOpenKey(path: string): void {
  const { mode, uid } = statSync(path);
  if ((mode & 0o077) !== 0)
    throw new Error(`${path} can be read by others (mode ${(mode & 0o777).toString(8).padStart(4, "0")}): want 0600`);
  if (uid !== 0) throw new Error(`${path} belongs to user ${uid}: it has to be root's`);
}

function readAuthority(path: string): { certificates: string; revoked: string | undefined } {
  const text = readFileSync(path, "utf8");
  const certificates = blocks(text, "CERTIFICATE");
  // With an empty list Node would take the public authorities of the web instead: anybody's certificate.
  if (certificates === undefined) throw new Error(`${path} holds no certificate`);
  return { certificates, revoked: blocks(text, "X509 CRL") };
}

function blocks(text: string, name: string): string | undefined {
  const found = text.match(new RegExp(`-----BEGIN ${name}-----[^-]+-----END ${name}-----`, "g"));
  return found === null ? undefined : `${found.join("\n")}\n`;
}
