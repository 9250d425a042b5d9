import { EngineError, isEngineError } from "#errors/engine-error.ts";
import type { Digest } from "#spec/digest.ts";
import { mediaTypes, type Descriptor } from "#spec/oci-image/types.ts";
import type { Compressor } from "#store/compress/contract.ts";
import type { ContentStore } from "#store/content/contract.ts";
import { discard } from "../transport/body.ts";
import { withRetries, type RetryOptions } from "../transport/retry.ts";
import type { RegistrySession } from "../session/session.ts";
import { registryErrorOf } from "../session/registry-error.ts";
import { compressedLayer, keptBlob } from "./blob-sources.ts";
import type { LayerSource } from "./plan-layers.ts";
import type { PushProgress } from "./push-progress.ts";
import { mountBlob, uploadBlob } from "./upload-blob.ts";

export interface PushLayerDeps {
  readonly session: RegistrySession;
  readonly content: ContentStore;
  readonly compressor: Compressor;
  readonly retry: RetryOptions;
  /** Repositories of the same registry that may hold a layer. */
  readonly homesOf: (diffId: Digest) => readonly string[];
  readonly remember: (diffId: Digest, compressed: { digest: Digest; size: number }) => void;
}

type Blob = Pick<Descriptor, "digest" | "size" | "mediaType">;

/** Asking for more than these takes longer than it is likely to save. */
const MOST_HOMES = 3;

/** The layer is neither here nor in the registry: its manifest cannot be pushed as it is. */
export const LAYER_ELSEWHERE = "layer-elsewhere";

/**
 * Has a layer be in the session's repository, by whatever costs least.
 *
 * @returns what the manifest has to say of it.
 * @throws EngineError `not-found` (code `layer-elsewhere`) when there is nothing to send.
 */
export async function pushLayer(deps: PushLayerDeps, layer: LayerSource, progress: PushProgress, signal: AbortSignal): Promise<Blob> {
  const known = knownForm(layer);
  if (known !== undefined && (await hasBlob(deps, known.digest, signal))) {
    progress.step("Layer already exists");
    return known;
  }
  const mount = known === undefined ? undefined : await mountFromHomes(deps, layer.diffId, known.digest, signal);
  if (known !== undefined && mount?.from !== undefined) {
    progress.step(`Mounted from ${mount.from}`);
    return known;
  }
  const sent = await send(deps, layer, mount?.place, progress, signal);
  progress.step("Pushed");
  return sent;
}

function knownForm(layer: LayerSource): Blob | undefined {
  switch (layer.kind) {
    case "archive":
      return layer.blob;
    case "plain":
      return layer.earlier && { ...layer.earlier, mediaType: mediaTypes.dockerLayerGzip };
    case "missing":
      return undefined;
  }
}

/** Whether the session's repository has it. */
export async function hasBlob(
  { session, retry }: Pick<PushLayerDeps, "session" | "retry">,
  digest: Digest,
  signal: AbortSignal,
): Promise<boolean> {
  return withRetries(retry, signal, async () => {
    const response = await session.ask({ method: "HEAD", to: `blobs/${digest}` }, signal);
    discard(response);
    if (response.status >= 500) throw await registryErrorOf(response, session.stallMs, signal);
    return response.status === 200;
  });
}

/** Where it was mounted from, or where the registry would have it instead. */
async function mountFromHomes(
  { session, homesOf }: PushLayerDeps,
  diffId: Digest,
  digest: Digest,
  signal: AbortSignal,
): Promise<{ from?: string; place?: URL }> {
  let place: URL | undefined;
  for (const from of homesOf(diffId).slice(0, MOST_HOMES)) {
    try {
      const offered = await mountBlob(session, digest, from, signal);
      if (offered === undefined) return { from };
      place = offered;
    } catch (error) {
      // That it may not be read, or that mounts are unknown there, only means an upload.
      if (isEngineError(error, "cancelled")) throw error;
    }
  }
  return place === undefined ? {} : { place };
}

async function send(
  deps: PushLayerDeps,
  layer: LayerSource,
  place: URL | undefined,
  progress: PushProgress,
  signal: AbortSignal,
): Promise<Blob> {
  const { session, content, compressor, retry } = deps;
  if (layer.kind === "missing" || (layer.kind === "archive" && !layer.isHere)) throw elsewhere(layer.diffId);
  // What compressing makes of it is known in the end.
  const total = layer.kind === "plain" ? undefined : layer.blob.size;
  const blob = layer.kind === "plain" ? compressedLayer({ content, compressor }, layer, signal) : keptBlob(content, layer.blob);
  const onProgress = (bytes: number): void => progress.pushing(bytes, total);
  const sent = await uploadBlob(session, blob, { retry, place, onProgress }, signal);
  if (layer.kind === "archive") return layer.blob;
  deps.remember(layer.diffId, sent);
  return { ...sent, mediaType: mediaTypes.dockerLayerGzip };
}

function elsewhere(diffId: Digest): EngineError {
  return new EngineError("not-found", `the archive of layer ${diffId} is not here any more: pull or load the image again`, {
    code: LAYER_ELSEWHERE,
  });
}
