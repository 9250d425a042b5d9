import { readFileSync, statSync } from "node:fs";
import type { RegistryCollectValues, RegistryServeValues } from "#cli/registry-values.ts";
import { isLoopback } from "#config/values/host-address.ts";
import { EngineError, messageOf } from "#errors/engine-error.ts";
import type { ListenTarget, TlsIdentity } from "#http/listen.ts";
import { parseDuration } from "#lib/duration.ts";
import { parseMemory } from "#lib/units.ts";
import type { AuthOptions, OpenRegistryOptions } from "#registry/open-registry.ts";
import type { S3Options } from "#registry/storage/s3/options.ts";
import { bucketOf } from "./bucket-options.ts";

const DATA_ROOT = "/var/lib/dhow-registry";
const PORT = 5000;
const STALL_MS = 60_000;
const SERVICE = "dhow-registry";

export interface ServeOptions {
  readonly registry: OpenRegistryOptions;
  /** Undefined: all is in the folder. */
  readonly bucket: S3Options | undefined;
  readonly addresses: readonly { readonly host: string; readonly port: number }[];
  readonly metrics: { readonly host: string; readonly port: number } | undefined;
}

/** @throws EngineError `invalid` that names the flag. */
export function serveOptions(values: RegistryServeValues): ServeOptions {
  const addresses = (values.addr.length === 0 ? [`127.0.0.1:${PORT}`] : values.addr).map((text) => addressOf("addr", text));
  const auth = authOf(values);
  refuseExposed(values, auth, addresses);
  const interval = milliseconds("gc-interval", values["gc-interval"], "24h");
  const blobBytes = optionalBytes("max-blob-size", values["max-blob-size"] ?? "100g") as number;
  return {
    bucket: bucketOf(values, blobBytes),
    addresses,
    metrics: values["metrics-addr"] === undefined ? undefined : addressOf("metrics-addr", values["metrics-addr"]),
    registry: {
      root: values["data-root"] ?? DATA_ROOT,
      auth,
      policy: values.policy,
      quota: optionalBytes("quota", values.quota),
      limits: { blobBytes, stallMs: STALL_MS },
      mostUploads: count("max-uploads", values["max-uploads"]) ?? 100,
      uploadExpiryMs: milliseconds("upload-expiry", values["upload-expiry"], "24h"),
      requestsPerSecond: count("rate-limit", values["rate-limit"]),
      collectEveryMs: interval === 0 ? undefined : interval,
      ...collectOptions(values),
    },
  };
}

export function collectOptions(values: RegistryCollectValues): { readonly graceMs: number; readonly collectUntagged: boolean } {
  return { graceMs: milliseconds("gc-grace", values["gc-grace"], "1h"), collectUntagged: values["gc-untagged"] };
}

export function dataRootOf(values: RegistryCollectValues): string {
  return values["data-root"] ?? DATA_ROOT;
}

function authOf(values: RegistryServeValues): AuthOptions {
  const kind = values.auth ?? "none";
  const { htpasswd, policy } = values;
  switch (kind) {
    case "none":
      if (htpasswd !== undefined || policy !== undefined) {
        throw invalid("--htpasswd and --policy say who may do what: --auth has to be htpasswd or token");
      }
      return { kind };
    case "htpasswd":
    case "token":
      if (htpasswd === undefined) throw invalid(`--auth ${kind} needs --htpasswd`);
      return kind === "htpasswd"
        ? { kind, htpasswd, realm: SERVICE }
        : { kind, htpasswd, service: values["token-service"] ?? SERVICE, publicUrl: values["public-url"]?.replace(/\/+$/, "") };
    default:
      throw invalid(`--auth is ${JSON.stringify(kind)}: want none, htpasswd or token`);
  }
}

/** Passwords in the clear, and a registry for everybody, are for who says so. */
function refuseExposed(values: RegistryServeValues, auth: AuthOptions, addresses: ServeOptions["addresses"]): void {
  const exposed = addresses.find(({ host }) => !isLoopback(host));
  if (exposed === undefined || values.insecure) return;
  const where = `${exposed.host}:${exposed.port}`;
  if (auth.kind === "none" && values["tls-client-ca"] === undefined) {
    throw invalid(`${where} can be reached by others, who could push and delete: set --auth, or say --insecure`);
  }
  if (values["tls-cert"] === undefined) {
    throw invalid(
      `${where} can be reached by others, and passwords would be sent in the clear: set --tls-cert and --tls-key, or say --insecure`,
    );
  }
}

/** `:5000` is every address. */
function addressOf(flag: string, text: string): { readonly host: string; readonly port: number } {
  const match = /^(\[[0-9a-fA-F:.]+\]|[^:[\]]*):(\d{1,5})$/.exec(text);
  if (match === null || Number(match[2]) > 65_535) throw invalid(`--${flag} ${JSON.stringify(text)} is not host:port`);
  const host = (match[1] ?? "").replace(/^\[|\]$/g, "");
  return { host: host === "" ? "::" : host, port: Number(match[2]) };
}

function milliseconds(flag: string, text: string | undefined, usual: string): number {
  const nanoseconds = parseDuration(text ?? usual);
  if (nanoseconds === undefined || nanoseconds < 0n)
    throw invalid(`--${flag} ${JSON.stringify(text)} is not a duration such as 90s or 24h`);
  // What a timer can hold: 24 days.
  return Math.min(Number(nanoseconds / 1_000_000n), 2 ** 31 - 1);
}

function optionalBytes(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const bytes = parseMemory(text);
  if (bytes === undefined) throw invalid(`--${flag} ${JSON.stringify(text)} is not a size such as 500m or 20g`);
  return bytes;
}

function count(flag: string, value: number | undefined): number | undefined {
  if (value !== undefined && value < 1) throw invalid(`--${flag} has to be 1 or more`);
  return value;
}

/** @throws EngineError `invalid`, also for a key that others can read. */
export function tlsIdentityOf(values: RegistryServeValues): TlsIdentity | undefined {
  const { "tls-cert": cert, "tls-key": key, "tls-client-ca": authority } = values;
  if (cert === undefined && key === undefined && authority === undefined) return undefined;
  if (cert === undefined || key === undefined) throw invalid("--tls-cert and --tls-key go together");
  try {
    if ((statSync(key).mode & 0o077) !== 0) throw new Error(`${key} can be read by others: want mode 0600`);
    return {
      cert: readFileSync(cert, "utf8"),
      key: readFileSync(key, "utf8"),
      ca: authority === undefined ? undefined : authorityOf(authority),
    };
  } catch (cause) {
    throw new EngineError("invalid", `the TLS files cannot be used: ${messageOf(cause)}`, { cause });
  }
}

function authorityOf(path: string): string {
  const text = readFileSync(path, "utf8");
  // With an empty list Node would take the public authorities of the web instead: anybody's certificate.
  if (!text.includes("-----BEGIN CERTIFICATE-----")) throw new Error(`${path} holds no certificate`);
  return text;
}

export function listenTargetOf(address: ServeOptions["addresses"][number], identity: TlsIdentity | undefined): ListenTarget {
  return identity === undefined ? { kind: "tcp", ...address } : { kind: "tls", ...address, identity };
}

function invalid(message: string): EngineError {
  return new EngineError("invalid", message);
}
