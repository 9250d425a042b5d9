import type { Digest } from "#spec/digest.ts";
import type { GrowingFile } from "#store/worker/growing-file.ts";
import type { Descriptor } from "#spec/oci-image/types.ts";
import type { ProgressSink } from "#spec/progress.ts";
import { LayerProgress } from "./layer-progress.ts";
import type { ImageAssembly } from "../ports.ts";
import type { RegistrySession } from "../session/session.ts";
import type { TransferListener, Transfers } from "./transfers.ts";

/** A layer of the image that is being pulled, from the base up. */
export interface LayerToPull {
  readonly descriptor: Descriptor;
  readonly diffId: Digest;
  readonly chainId: Digest;
  readonly parent: Digest | undefined;
}

interface PullLayersDeps {
  readonly session: RegistrySession;
  readonly transfers: Transfers;
  readonly assembly: ImageAssembly;
}

interface Download {
  readonly layer: LayerToPull;
  readonly progress: LayerProgress;
  /** The blob's file, once there is one to read along; never of a small blob. */
  readonly file: Promise<GrowingFile>;
  readonly done: Promise<void>;
}

/**
 * Brings the layers in: several downloads at once, and each layer unpacked while it downloads, as soon as those below it are there. One
 * failure ends all.
 */
export async function pullLayers(
  deps: PullLayersDeps,
  layers: readonly LayerToPull[],
  sink: ProgressSink,
  signal: AbortSignal,
): Promise<void> {
  const missing = await findMissing(deps.assembly, layers, sink);
  const failure = new AbortController();
  const either = AbortSignal.any([signal, failure.signal]);
  const downloads = missing.map(({ layer, progress }): Download => {
    const file = Promise.withResolvers<GrowingFile>();
    const listener: TransferListener = (state) => {
      progress.onTransfer(state);
      if (state.kind === "downloading" && state.file !== undefined) file.resolve(state.file);
    };
    const done = download(deps, layer, listener, either);
    // The error is seen when its turn comes; until then the others need not run on.
    done.catch((error: unknown) => failure.abort(error));
    return { layer, progress, file: file.promise, done };
  });
  try {
    for (const one of downloads) await unpack(deps.assembly, one, either);
  } catch (error) {
    // What failed first, not what was cancelled because of it.
    const first: unknown = failure.signal.aborted && !signal.aborted ? failure.signal.reason : error;
    failure.abort(error);
    throw first;
  } finally {
    await Promise.allSettled(downloads.map(({ done }) => done));
  }
}

async function findMissing(
  assembly: ImageAssembly,
  layers: readonly LayerToPull[],
  sink: ProgressSink,
): Promise<{ layer: LayerToPull; progress: LayerProgress }[]> {
  const missing: { layer: LayerToPull; progress: LayerProgress }[] = [];
  for (const layer of layers) {
    const progress = new LayerProgress(sink, layer.descriptor.digest, layer.descriptor.size);
    const isHere = await assembly.holdLayer(layer.chainId);
    // Without its archive an image could be run, and neither pushed nor saved.
    const isWhole = isHere && assembly.hasArchive(layer.diffId);
    progress.step(isWhole ? "Already exists" : "Pulling fs layer");
    if (!isWhole) missing.push({ layer, progress });
  }
  return missing;
}

async function download(
  { session, transfers, assembly }: PullLayersDeps,
  layer: LayerToPull,
  listener: TransferListener,
  signal: AbortSignal,
): Promise<void> {
  await assembly.holdBlob(layer.descriptor.digest);
  await transfers.fetch(session, layer.descriptor, listener, signal);
}

async function unpack(assembly: ImageAssembly, { layer, progress, file, done }: Download, signal: AbortSignal): Promise<void> {
  const { chainId, parent, diffId, descriptor } = layer;
  const growing = await Promise.race([done.then(() => undefined), file]);
  const arriving = growing === undefined ? undefined : { file: growing, done };
  progress.extracting(0);
  const onProgress = (bytes: number): void => progress.extracting(bytes);
  await assembly.importLayer({ chainId, parent, diffId, blob: descriptor.digest, arriving, onProgress }, signal);
  progress.extracting(descriptor.size);
  progress.step("Pull complete");
}
