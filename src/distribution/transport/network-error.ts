import { EngineError, isEngineError, messageOf } from "#errors/engine-error.ts";

/** Go's words, which users and scripts know from dockerd. */
const TEXTS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connect: connection refused",
  ECONNRESET: "read: connection reset by peer",
  EPIPE: "write: broken pipe",
  EHOSTUNREACH: "connect: no route to host",
  ENETUNREACH: "connect: network is unreachable",
  ETIMEDOUT: "i/o timeout",
  ENOTFOUND: "no such host",
  EAI_AGAIN: "lookup: temporary failure in name resolution",
  DEPTH_ZERO_SELF_SIGNED_CERT: "tls: failed to verify certificate: x509: certificate signed by unknown authority",
  SELF_SIGNED_CERT_IN_CHAIN: "tls: failed to verify certificate: x509: certificate signed by unknown authority",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "tls: failed to verify certificate: x509: certificate signed by unknown authority",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "tls: failed to verify certificate: x509: certificate signed by unknown authority",
  CERT_HAS_EXPIRED: "tls: failed to verify certificate: x509: certificate has expired or is not yet valid",
};

/** Trying again does not help against these. */
const LASTING = /^(?:ENOTFOUND|ECONNREFUSED|EPROTO|.*CERT.*|UNABLE_TO_.*|ERR_(?:TLS|SSL)_.*)$/;

/** @returns an EngineError: `cancelled` when the caller has gone, else `unavailable`, with code `transient` where a retry may help. */
export function asNetworkError(cause: unknown, method: string, url: URL, signal: AbortSignal): EngineError {
  if (signal.aborted) return new EngineError("cancelled", "context canceled", { cause });
  if (isEngineError(cause)) return cause;
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  const text = TEXTS[code] ?? messageOf(cause);
  const place = url.port === "" ? url.hostname : `${url.hostname}:${url.port}`;
  const what = ["ECONNREFUSED", "EHOSTUNREACH", "ENETUNREACH", "ENOTFOUND"].includes(code) ? `dial tcp ${place}: ${text}` : text;
  const goMethod = method.charAt(0) + method.slice(1).toLowerCase();
  const options = LASTING.test(code) ? { cause } : { cause, code: "transient" };
  return new EngineError("unavailable", `${goMethod} ${JSON.stringify(url.href)}: ${what}`, options);
}

export function isTransient(error: unknown): boolean {
  return isEngineError(error) && error.code === "transient";
}
