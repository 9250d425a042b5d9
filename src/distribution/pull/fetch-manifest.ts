import { createHash } from "node:crypto";
import { EngineError, messageOf } from "#errors/engine-error.ts";
import { parseJsonText } from "#lib/json/text.ts";
import { isDigest, type Digest } from "#spec/digest.ts";
import { MANIFEST_LIMIT, readManifest, type ParsedManifest } from "#spec/oci-image/manifest.ts";
import { mediaTypes, type Descriptor } from "#spec/oci-image/types.ts";
import { readWhole } from "../transport/body.ts";
import type { RegistrySession } from "../session/session.ts";
import type { HttpResponse } from "../transport/transport.ts";
import { withRetries, type RetryOptions } from "../transport/retry.ts";

/** A document as it came, and what it says. */
export interface FetchedManifest {
  readonly digest: Digest;
  readonly bytes: Buffer;
  readonly parsed: ParsedManifest;
}

/** Forms of manifests that can be read here. */
export const ACCEPT = [mediaTypes.ociIndex, mediaTypes.dockerList, mediaTypes.ociManifest, mediaTypes.dockerManifest].join(", ");

/**
 * Fetches a manifest or index by tag or digest.
 *
 * @param expected what led here: the bytes have to be it. By tag, the digest that the registry itself names.
 * @throws EngineError `not-found`, `invalid` (wrong digest, size, media type or form), `too-large` over 4 MiB.
 */
export async function fetchManifest(
  session: RegistrySession,
  tagOrDigest: string,
  expected: Pick<Descriptor, "mediaType" | "size"> | undefined,
  retry: RetryOptions,
  signal: AbortSignal,
): Promise<FetchedManifest> {
  const limit = expected === undefined ? MANIFEST_LIMIT : Math.min(expected.size, MANIFEST_LIMIT);
  const { response, bytes } = await withRetries(retry, signal, async () => {
    const answer = await getManifest(session, tagOrDigest, signal);
    return { response: answer, bytes: await readWhole(answer, limit, session.stallMs, signal) };
  });
  const digest = verifiedDigest(bytes, tagOrDigest, response);
  const type = mediaTypeOf(response);
  if (expected !== undefined && type !== undefined && type !== expected.mediaType) {
    throw new EngineError("invalid", `invalid manifest: ${digest} was listed as ${expected.mediaType} and came as ${type}`);
  }
  return { digest, bytes, parsed: readManifest(parse(bytes), type ?? expected?.mediaType) };
}

async function getManifest(session: RegistrySession, tagOrDigest: string, signal: AbortSignal): Promise<HttpResponse> {
  try {
    return await session.get(`manifests/${tagOrDigest}`, { Accept: ACCEPT }, signal);
  } catch (error) {
    // Some registries say no more than 404.
    if (!(error instanceof EngineError) || error.code !== "status-404") throw error;
    throw new EngineError("not-found", "manifest unknown: manifest unknown", { cause: error, code: "manifest-unknown" });
  }
}

function verifiedDigest(bytes: Buffer, tagOrDigest: string, response: HttpResponse): Digest {
  const digest: Digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
  const wanted = isDigest(tagOrDigest) ? tagOrDigest : response.headers["docker-content-digest"];
  if (typeof wanted === "string" && wanted.startsWith("sha256:") && wanted !== digest) {
    throw new EngineError("invalid", `manifest verification failed for digest ${wanted.slice(0, 100)}`);
  }
  return digest;
}

function mediaTypeOf(response: HttpResponse): string | undefined {
  return response.headers["content-type"]?.split(";", 1)[0]?.trim().toLowerCase();
}

function parse(bytes: Buffer): unknown {
  try {
    return parseJsonText(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw new EngineError("invalid", `invalid manifest: ${messageOf(cause)}`, { cause });
  }
}
