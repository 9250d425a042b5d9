import { createHash } from "node:crypto";
import { imagePackageUrl, IN_TOTO_TYPE, PREDICATE_ANNOTATION, statementOf, type Attestation } from "#spec/attestations.ts";
import { EngineError } from "#errors/engine-error.ts";
import { parseJsonText } from "#lib/json/text.ts";
import { isDigest, type Digest } from "#spec/digest.ts";
import { mediaTypes, type Descriptor, type ImageIndex } from "#spec/oci-image/types.ts";
import type { ProgressSink } from "#spec/progress.ts";
import { familiarName, type Reference } from "#spec/reference.ts";
import type { ContentStore } from "#store/content/contract.ts";
import type { ImageToPush } from "../ports.ts";
import type { RegistrySession } from "../session/session.ts";
import { registryErrorOf } from "../session/registry-error.ts";
import { discard, readWhole } from "../transport/body.ts";
import { withRetries, type RetryOptions } from "../transport/retry.ts";
import { smallBlob } from "./blob-sources.ts";
import { hasBlob } from "./push-layer.ts";
import { uploadBlob } from "./upload-blob.ts";

export interface PushAttestationsDeps {
  readonly session: RegistrySession;
  readonly content: Pick<ContentStore, "read">;
  readonly retry: RetryOptions;
}

/** A manifest that is in the registry by now. */
export interface AttestedManifest {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
}

/** No larger bill of materials is made. */
const LARGEST_PREDICATE = 256 * 1024 * 1024;
const LARGEST_INDEX = 4 * 1024 * 1024;
const EMPTY = Buffer.from("{}");
const EMPTY_TYPE = "application/vnd.oci.empty.v1+json";

/**
 * Attaches what is said of an image to its manifest: each statement as a manifest of its own, whose `subject` the image's is
 * (https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#listing-referrers). The same statement of the same manifest is the same
 * manifest each time. A registry that does not know subjects gets the tag that the specification gives for that.
 */
export async function pushAttestations(
  deps: PushAttestationsDeps,
  { image, reference, manifest }: { readonly image: ImageToPush; readonly reference: Reference; readonly manifest: AttestedManifest },
  attestations: readonly Attestation[],
  sink: ProgressSink,
  signal: AbortSignal,
): Promise<void> {
  const subject = { name: imagePackageUrl(familiarName(reference), reference.tag, image.config), digest: manifest.digest };
  const unlisted: Descriptor[] = [];
  for (const { predicateType, digest } of attestations) {
    const predicate = await deps.content.read(digest, LARGEST_PREDICATE);
    const statement = statementOf(predicateType, predicate, [subject]);
    const { descriptor, isListed } = await pushStatement(deps, predicateType, statement, manifest, signal);
    if (!isListed) unlisted.push(descriptor);
    sink({ status: `${predicateType}: attached, digest: ${descriptor.digest} size: ${descriptor.size}` });
  }
  if (unlisted.length > 0) await listByTag(deps, manifest.digest, unlisted, signal);
}

async function pushStatement(
  deps: PushAttestationsDeps,
  predicateType: string,
  statement: Buffer,
  subject: AttestedManifest,
  signal: AbortSignal,
): Promise<{ readonly descriptor: Descriptor; readonly isListed: boolean }> {
  for (const bytes of [EMPTY, statement]) {
    if (await hasBlob(deps, digestOf(bytes), signal)) continue;
    await uploadBlob(deps.session, smallBlob(digestOf(bytes), bytes), { retry: deps.retry, onProgress: () => undefined }, signal);
  }
  const annotations = { [PREDICATE_ANNOTATION]: predicateType };
  const document = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    artifactType: IN_TOTO_TYPE,
    config: { mediaType: EMPTY_TYPE, digest: digestOf(EMPTY), size: EMPTY.length },
    layers: [{ mediaType: IN_TOTO_TYPE, digest: digestOf(statement), size: statement.length, annotations }],
    subject,
    annotations,
  };
  const bytes = Buffer.from(JSON.stringify(document));
  const digest = digestOf(bytes);
  const isListed = await putManifest(deps, digest, { bytes, mediaType: mediaTypes.ociManifest }, signal);
  const descriptor = { mediaType: mediaTypes.ociManifest, digest, size: bytes.length, artifactType: IN_TOTO_TYPE, annotations };
  return { descriptor, isListed };
}

/** @returns whether the registry says that it has understood the subject. */
async function putManifest(
  { session, retry }: PushAttestationsDeps,
  place: string,
  { bytes, mediaType }: { readonly bytes: Buffer; readonly mediaType: string },
  signal: AbortSignal,
): Promise<boolean> {
  const headers = { "Content-Type": mediaType, "Content-Length": String(bytes.length) };
  return await withRetries(retry, signal, async () => {
    const response = await session.expect(
      [200, 201, 202, 204],
      { method: "PUT", to: `manifests/${place}`, headers, body: () => bytes },
      signal,
    );
    discard(response);
    return response.headers["oci-subject"] !== undefined;
  });
}

/** The list for registries of before version 1.1: an index by a tag that is made of the subject's digest. What others have put there stays. */
async function listByTag(deps: PushAttestationsDeps, subject: Digest, added: readonly Descriptor[], signal: AbortSignal): Promise<void> {
  const tag = subject.replace(":", "-");
  const present = await presentReferrers(deps, tag, signal);
  const manifests = [...new Map([...present, ...added].map((one) => [one.digest, one])).values()];
  if (manifests.length === present.length) return;
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests }));
  await putManifest(deps, tag, { bytes, mediaType: mediaTypes.ociIndex }, signal);
}

async function presentReferrers({ session }: PushAttestationsDeps, tag: string, signal: AbortSignal): Promise<readonly Descriptor[]> {
  const response = await session.ask({ method: "GET", to: `manifests/${tag}`, headers: { Accept: mediaTypes.ociIndex } }, signal);
  if (response.status === 404) {
    discard(response);
    return [];
  }
  if (response.status !== 200) throw await registryErrorOf(response, session.stallMs, signal);
  return manifestsOf(await readWhole(response, LARGEST_INDEX, session.stallMs, signal), tag);
}

/** @throws EngineError `invalid`: what cannot be read shall not be written over. */
function manifestsOf(bytes: Buffer, tag: string): readonly Descriptor[] {
  try {
    const { manifests } = parseJsonText(bytes.toString("utf8")) as ImageIndex;
    if (manifests.every((one) => isDigest(one.digest))) return manifests;
  } catch (cause) {
    throw new EngineError("invalid", `the registry's list of referrers, ${tag}, is no index`, { cause });
  }
  throw new EngineError("invalid", `the registry's list of referrers, ${tag}, names what is no digest`);
}

function digestOf(bytes: Uint8Array): Digest {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}
