import { createHash } from "node:crypto";
import { EngineError, messageOf } from "#errors/engine-error.ts";
import { parseJsonText } from "#lib/json/text.ts";
import { isDigest, type Digest } from "#spec/digest.ts";
import type { SignatureReferrer, SignatureSource } from "../ports.ts";
import type { RegistrySession } from "../session/session.ts";
import { registryErrorOf } from "../session/registry-error.ts";
import { discard, readWhole } from "../transport/body.ts";
import type { HttpResponse } from "../transport/transport.ts";
import { withRetries, type RetryOptions } from "../transport/retry.ts";
import { ACCEPT } from "./fetch-manifest.ts";

const INDEX_LIMIT = 4 * 1024 * 1024;
const MOST_ENTRIES = 10_000;

/** Signatures beside an image: in the repository that the session reads, and nowhere else. */
export function signatureSource(session: RegistrySession, retry: RetryOptions): SignatureSource {
  const manifest: SignatureSource["manifest"] = async (tagOrDigest, limit, signal) => {
    const bytes = await getOr404(session, retry, `manifests/${tagOrDigest}`, limit, signal);
    if (bytes !== undefined && isDigest(tagOrDigest)) checkDigest(bytes, tagOrDigest);
    return bytes;
  };
  return {
    manifest,
    referrers: (subject, artifactType, signal) => referrers(session, retry, subject, artifactType, signal),
    async blob(digest, limit, signal) {
      const bytes = await getOr404(session, retry, `blobs/${digest}`, limit, signal);
      if (bytes === undefined) throw new EngineError("not-found", `${digest} is not in the repository`);
      checkDigest(bytes, digest);
      return bytes;
    },
  };
}

/** By the referrers API of distribution-spec 1.1, and by the tag that older registries have in its place ("Referrers Tag Schema"). */
async function* referrers(
  session: RegistrySession,
  retry: RetryOptions,
  subject: Digest,
  artifactType: string,
  signal: AbortSignal,
): AsyncGenerator<readonly SignatureReferrer[]> {
  let query = new URLSearchParams({ artifactType }).toString();
  for (let isFirst = true; ; isFirst = false) {
    const response = await ask(session, retry, `referrers/${subject}?${query}`, signal);
    if (response === undefined && isFirst) {
      const tagged = await getOr404(session, retry, `manifests/${subject.replace(":", "-")}`, INDEX_LIMIT, signal);
      if (tagged !== undefined) yield entriesOf(tagged);
      return;
    }
    if (response === undefined) return;
    const entries = entriesOf(await readWhole(response, INDEX_LIMIT, session.stallMs, signal));
    yield entries;
    // Only the query of the next page is taken over: the address stays ours.
    const next = /<[^>?]*\?([^>#]*)[^>]*>\s*;\s*rel="?next"?/.exec(String(response.headers["link"] ?? ""))?.[1];
    if (next === undefined || next === query || entries.length === 0) return;
    query = next;
  }
}

function entriesOf(bytes: Buffer): SignatureReferrer[] {
  const list = listOf(bytes);
  if (list.length > MOST_ENTRIES)
    throw new EngineError("too-large", `the registry's list of referrers has more than ${MOST_ENTRIES} entries at once`);
  return list.flatMap((entry: unknown) => {
    if (typeof entry !== "object" || entry === null || !("digest" in entry)) return [];
    const { digest } = entry;
    const artifactType = "artifactType" in entry && typeof entry.artifactType === "string" ? entry.artifactType : undefined;
    return typeof digest === "string" && isDigest(digest) ? [{ digest, artifactType }] : [];
  });
}

function listOf(bytes: Buffer): readonly unknown[] {
  try {
    const value = parseJsonText(bytes.toString("utf8"));
    if (typeof value === "object" && value !== null && "manifests" in value && Array.isArray(value.manifests)) return value.manifests;
  } catch (cause) {
    throw new EngineError("invalid", `the registry's list of referrers is not JSON: ${messageOf(cause)}`, { cause });
  }
  throw new EngineError("invalid", "the registry's list of referrers is none");
}

async function getOr404(
  session: RegistrySession,
  retry: RetryOptions,
  to: string,
  limit: number,
  signal: AbortSignal,
): Promise<Buffer | undefined> {
  return withRetries(retry, signal, async () => {
    const response = await askOnce(session, to, signal);
    return response === undefined ? undefined : readWhole(response, limit, session.stallMs, signal);
  });
}

function ask(session: RegistrySession, retry: RetryOptions, to: string, signal: AbortSignal): Promise<HttpResponse | undefined> {
  return withRetries(retry, signal, () => askOnce(session, to, signal));
}

async function askOnce(session: RegistrySession, to: string, signal: AbortSignal): Promise<HttpResponse | undefined> {
  const response = await session.ask({ method: "GET", to, headers: { Accept: ACCEPT } }, signal);
  if (response.status === 404) {
    discard(response);
    return undefined;
  }
  if (response.status === 200) return response;
  throw await registryErrorOf(response, session.stallMs, signal);
}

function checkDigest(bytes: Buffer, digest: Digest): void {
  if (`sha256:${createHash("sha256").update(bytes).digest("hex")}` === digest) return;
  throw new EngineError("invalid", `what the registry has sent is not ${digest}`);
}
