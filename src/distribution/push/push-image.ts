import { createHash } from "node:crypto";
import { EngineError, isEngineError } from "#errors/engine-error.ts";
import type { Slots } from "#lib/slots.ts";
import type { Digest } from "#spec/digest.ts";
import { MANIFEST_LIMIT, readKeptManifest } from "#spec/oci-image/manifest.ts";
import type { Descriptor, ImageManifest } from "#spec/oci-image/types.ts";
import type { ProgressSink } from "#spec/progress.ts";
import type { ContentStore } from "#store/content/contract.ts";
import type { ImageToPush, PushSource } from "../ports.ts";
import type { RegistrySession } from "../session/session.ts";
import { discard } from "../transport/body.ts";
import { withRetries } from "../transport/retry.ts";
import { smallBlob } from "./blob-sources.ts";
import { buildManifest, type ManifestToPush } from "./build-manifest.ts";
import { asKept, asManifestSays, type LayerSource } from "./plan-layers.ts";
import { hasBlob, LAYER_ELSEWHERE, pushLayer, type PushLayerDeps } from "./push-layer.ts";
import { PushProgress } from "./push-progress.ts";
import { uploadBlob } from "./upload-blob.ts";

export interface PushImageDeps extends PushLayerDeps {
  readonly source: PushSource;
  /** Layers that are sent at a time, by all pushes together. */
  readonly slots: Slots;
}

export interface PushedManifest {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
}

type Blob = Pick<Descriptor, "digest" | "size" | "mediaType">;

/**
 * Brings an image into the session's repository and points the tag at it. One that was pulled keeps the digest of its manifest, as long as its
 * layers are had in the form that it names.
 *
 * @throws EngineError with the registry's words; `not-found` for an image whose archives are not kept.
 */
export async function pushImage(
  deps: PushImageDeps,
  image: ImageToPush,
  tag: string,
  sink: ProgressSink,
  signal: AbortSignal,
): Promise<PushedManifest> {
  // Nothing of it may be removed meanwhile.
  await using held = deps.source.openAssembly();
  for (const { chainId, diffId, blob } of image.layers) {
    await held.holdLayer(chainId);
    await held.holdBlob(blob?.digest ?? diffId);
  }
  const kept = await keptManifest(deps.content, image);
  for (const { digest } of kept?.manifest.layers ?? []) await held.holdBlob(digest);
  const manifest = await pushContent(deps, image, kept, sink, signal);
  return putManifest(deps, tag, manifest, signal);
}

interface KeptManifest extends ManifestToPush {
  readonly manifest: ImageManifest;
}

/** The manifest that the image came by; undefined where there is none. */
async function keptManifest(content: ContentStore, { manifest }: ImageToPush): Promise<KeptManifest | undefined> {
  if (manifest === undefined || content.sizeOf(manifest) === undefined) return undefined;
  const bytes = await content.read(manifest, MANIFEST_LIMIT);
  const parsed = readKeptManifest(bytes);
  return parsed.kind === "image" ? { bytes, mediaType: parsed.mediaType, manifest: parsed.manifest } : undefined;
}

async function pushContent(
  deps: PushImageDeps,
  image: ImageToPush,
  kept: KeptManifest | undefined,
  sink: ProgressSink,
  signal: AbortSignal,
): Promise<ManifestToPush> {
  const known = {
    sizeOf: (digest: Digest) => deps.content.sizeOf(digest),
    compressedAs: (diffId: Digest) => deps.source.compressedLayers.find(diffId),
  };
  const named = kept === undefined ? undefined : asManifestSays(image.layers, kept.manifest, known);
  const configBytes = deps.source.images.configOf(image.id);
  if (kept !== undefined && named !== undefined) {
    try {
      await pushLayers(deps, named, sink, signal);
      await pushConfig(deps, image.id, configBytes, signal);
      return kept;
    } catch (error) {
      // One of its layers is kept in another form: the image gets another manifest.
      if (!isEngineError(error) || error.code !== LAYER_ELSEWHERE) throw error;
    }
  }
  const layers = await pushLayers(deps, asKept(image.layers, known), sink, signal);
  await pushConfig(deps, image.id, configBytes, signal);
  return buildManifest({ digest: image.id, size: configBytes.length }, layers);
}

/** Several at a time, from the top down as Docker does; the same layer twice is sent once. One failure ends all. */
async function pushLayers(deps: PushImageDeps, layers: readonly LayerSource[], sink: ProgressSink, signal: AbortSignal): Promise<Blob[]> {
  const failure = new AbortController();
  const either = AbortSignal.any([signal, failure.signal]);
  const works = new Map<string, Promise<Blob>>();
  const turns = layers.toReversed().map((layer) => ({ layer, progress: new PushProgress(sink, layer.diffId) }));
  for (const { progress } of turns) progress.step("Preparing");
  for (const { layer, progress } of turns) {
    if (works.has(keyOf(layer))) continue;
    if (deps.slots.isFull) progress.step("Waiting");
    const work = deps.slots.run(either, () => pushLayer(deps, layer, progress, either));
    work.catch((error: unknown) => failure.abort(error));
    works.set(keyOf(layer), work);
  }
  await Promise.allSettled(works.values());
  if (signal.aborted) throw new EngineError("cancelled", "context canceled", { cause: signal.reason });
  if (failure.signal.aborted) throw failure.signal.reason;
  return Promise.all(layers.map((layer) => works.get(keyOf(layer)) as Promise<Blob>));
}

function keyOf(layer: LayerSource): string {
  return layer.kind === "archive" ? `${layer.diffId} as ${layer.blob.digest}` : layer.diffId;
}

async function pushConfig(deps: PushImageDeps, digest: Digest, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
  if (await hasBlob(deps, digest, signal)) return;
  await uploadBlob(deps.session, smallBlob(digest, bytes), { retry: deps.retry, onProgress: () => undefined }, signal);
}

async function putManifest(
  { session, retry }: { session: RegistrySession; retry: PushLayerDeps["retry"] },
  tag: string,
  { bytes, mediaType }: ManifestToPush,
  signal: AbortSignal,
): Promise<PushedManifest> {
  const headers = { "Content-Type": mediaType, "Content-Length": String(bytes.length) };
  await withRetries(retry, signal, async () => {
    const request = { method: "PUT", to: `manifests/${tag}`, headers, body: () => bytes } as const;
    discard(await session.expect([200, 201, 202, 204], request, signal));
  });
  return { mediaType, digest: `sha256:${createHash("sha256").update(bytes).digest("hex")}`, size: bytes.length };
}
