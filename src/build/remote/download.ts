import { createHash } from "node:crypto";
import { open, utimes } from "node:fs/promises";
import { get as getPlain, type IncomingMessage } from "node:http";
import { get as getSecure } from "node:https";
import type { LookupFunction } from "node:net";
import { EngineError } from "#errors/engine-error.ts";
import type { Digest } from "#spec/digest.ts";
import { allowedLookup, isRefusedAddress, refusal } from "./address-policy.ts";
import { withoutCredentials } from "./redact.ts";

const MOST_REDIRECTS = 10;
const MOST_BYTES = 32 * 1024 ** 3;
const STALL_MS = 60_000;
/** As dockerd gives what ADD fetched. */
const MODE = 0o600;

export interface DownloadPolicy {
  readonly lookup: LookupFunction;
  readonly refuses: (host: string) => boolean;
  readonly mostBytes: number;
  /** Most time without a byte. */
  readonly stallMs: number;
}

export const defaultPolicy: DownloadPolicy = { lookup: allowedLookup, refuses: isRefusedAddress, mostBytes: MOST_BYTES, stallMs: STALL_MS };

export interface Downloaded {
  readonly digest: Digest;
  readonly bytes: number;
  readonly contentType: string;
}

/**
 * Fetches a file by http or https, redirects followed, into a new file of mode 0600 with the time that the server says.
 *
 * @throws EngineError `invalid`, `not-found`, `forbidden` for an address that is not to be reached, `unavailable`, `too-large`, `cancelled`.
 */
export async function download(
  url: string,
  path: string,
  signal: AbortSignal,
  policy: DownloadPolicy = defaultPolicy,
): Promise<Downloaded> {
  const response = await follow(new URL(url), policy, signal, MOST_REDIRECTS);
  try {
    const written = await write(response, path, policy);
    const modified = Date.parse(response.headers["last-modified"] ?? "");
    if (!Number.isNaN(modified)) await utimes(path, modified / 1000, modified / 1000);
    return { ...written, contentType: response.headers["content-type"] ?? "" };
  } catch (error) {
    if (signal.aborted) throw new EngineError("cancelled", "the build was cancelled", { cause: error });
    throw asDownloadError(error, url);
  } finally {
    response.destroy();
  }
}

async function follow(url: URL, policy: DownloadPolicy, signal: AbortSignal, left: number): Promise<IncomingMessage> {
  const response = await request(url, policy, signal).catch((error: unknown) => {
    throw asDownloadError(error, url.href);
  });
  const { statusCode = 0, headers } = response;
  if (statusCode >= 300 && statusCode < 400 && headers.location !== undefined) {
    response.destroy();
    if (left === 0) throw new EngineError("unavailable", `${withoutCredentials(url.href)}: more than ${MOST_REDIRECTS} redirects`);
    const next = new URL(headers.location, url);
    if (url.protocol === "https:" && next.protocol !== "https:")
      throw new EngineError("forbidden", `${withoutCredentials(url.href)} redirects to ${next.protocol}, which nobody protects`);
    return await follow(next, policy, signal, left - 1);
  }
  if (statusCode === 200) return response;
  response.destroy();
  const category = statusCode === 404 ? "not-found" : "unavailable";
  throw new EngineError(
    category,
    `failed to GET ${withoutCredentials(url.href)} with status ${statusCode} ${response.statusMessage ?? ""}`.trim(),
  );
}

async function request(url: URL, policy: DownloadPolicy, signal: AbortSignal): Promise<IncomingMessage> {
  if (url.protocol !== "http:" && url.protocol !== "https:")
    throw new EngineError("forbidden", `${withoutCredentials(url.href)}: only http and https are fetched`);
  if (policy.refuses(url.hostname)) throw refusal(url.hostname);
  const get = url.protocol === "https:" ? getSecure : getPlain;
  return await new Promise((resolve, reject) => {
    const sent = get(
      url,
      { lookup: policy.lookup, signal, timeout: policy.stallMs, headers: { "user-agent": "dhow", "accept-encoding": "identity" } },
      resolve,
    );
    sent.on("timeout", () => sent.destroy(new Error(`nothing came for ${policy.stallMs / 1000} s`)));
    sent.on("error", reject);
  });
}

async function write(
  response: IncomingMessage,
  path: string,
  { mostBytes }: DownloadPolicy,
): Promise<Pick<Downloaded, "digest" | "bytes">> {
  const hash = createHash("sha256");
  let bytes = 0;
  await using file = await open(path, "wx", MODE);
  for await (const piece of response as AsyncIterable<Buffer>) {
    bytes += piece.length;
    if (bytes > mostBytes) throw new EngineError("too-large", `the download is larger than ${mostBytes} bytes`);
    hash.update(piece);
    await file.writeFile(piece);
  }
  if (!response.complete) throw new Error("the connection broke off");
  return { digest: `sha256:${hash.digest("hex")}`, bytes };
}

function asDownloadError(error: unknown, url: string): unknown {
  if (error instanceof EngineError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new EngineError("unavailable", `${withoutCredentials(url)}: ${reason}`, { cause: error });
}
