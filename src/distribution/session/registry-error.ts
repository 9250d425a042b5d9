import http from "node:http";
import { EngineError, type ErrorCategory } from "#errors/engine-error.ts";
import { parseJsonText } from "#lib/json/text.ts";
import { readStart } from "../transport/body.ts";
import type { HttpResponse } from "../transport/transport.ts";

const ERROR_LIMIT = 64 * 1024;
const LONGEST_MESSAGE = 1024;

interface Reported {
  /** `MANIFEST_UNKNOWN` */
  readonly code: string;
  readonly message: string;
}

/** What a bare status means, in the words of the distribution specification. */
const BY_STATUS: Readonly<Record<number, Reported>> = {
  401: { code: "UNAUTHORIZED", message: "authentication required" },
  403: { code: "DENIED", message: "requested access to the resource is denied" },
  429: { code: "TOOMANYREQUESTS", message: "too many requests" },
};

const CATEGORIES: Readonly<Record<string, ErrorCategory>> = {
  UNAUTHORIZED: "unauthorized",
  DENIED: "not-found",
  MANIFEST_UNKNOWN: "not-found",
  NAME_UNKNOWN: "not-found",
  BLOB_UNKNOWN: "not-found",
  TOOMANYREQUESTS: "unavailable",
  UNSUPPORTED: "invalid",
};

/**
 * Turns a registry's refusal into an error. `code` is the registry's, in lower case with dashes (`manifest-unknown`), or `transient`
 * when trying again may help. Reads at most 64 KiB of what the server has to say.
 */
export async function registryErrorOf(response: HttpResponse, stallMs: number, signal: AbortSignal): Promise<EngineError> {
  const body = await readStart(response, ERROR_LIMIT, stallMs, signal);
  const reported = reportedBy(body) ?? BY_STATUS[response.status];
  if (reported === undefined) return unexpectedStatus(response.status);
  const code = reported.code.toLowerCase().replaceAll("_", "-");
  const words = reported.code.toLowerCase().replaceAll("_", " ");
  return new EngineError(CATEGORIES[reported.code] ?? "unavailable", `${words}: ${reported.message}`, { code });
}

function unexpectedStatus(status: number): EngineError {
  const text = `received unexpected HTTP status: ${status} ${http.STATUS_CODES[status] ?? ""}`.trim();
  return new EngineError("unavailable", text, { code: status >= 500 ? "transient" : `status-${status}` });
}

/** The first of `{"errors":[{"code":"DENIED","message":"…"}]}`, made harmless for a terminal. */
function reportedBy(body: Buffer): Reported | undefined {
  let value: unknown;
  try {
    value = parseJsonText(body.toString("utf8"));
  } catch {
    return undefined;
  }
  const errors = typeof value === "object" && value !== null && "errors" in value ? value.errors : undefined;
  const first: unknown = Array.isArray(errors) ? errors[0] : undefined;
  if (typeof first !== "object" || first === null || !("code" in first) || typeof first.code !== "string") return undefined;
  const code = first.code.toUpperCase();
  if (!/^[A-Z_]{1,64}$/.test(code)) return undefined;
  const message = "message" in first && typeof first.message === "string" && first.message !== "" ? first.message : "no message";
  return { code, message: message.slice(0, LONGEST_MESSAGE).replace(/\p{Cc}/gu, " ") };
}
