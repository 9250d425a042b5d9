import { EngineError } from "#errors/engine-error.ts";
import type { EventSink } from "#events/contract.ts";
import type { Logger } from "#lib/logger.ts";
import { Slots } from "#lib/slots.ts";
import type { Digest } from "#spec/digest.ts";
import { formatPlatform, imageMatches, normalizePlatform, type Platform } from "#spec/platform.ts";
import type { ProgressSink } from "#spec/progress.ts";
import { canonicalName, familiarName, familiarString, parseReference, withDigest, withTag, type Reference } from "#spec/reference.ts";
import type { RegistryAuth } from "#spec/registry-auth.ts";
import type { Compressor } from "#store/compress/contract.ts";
import type { ContentStore } from "#store/content/contract.ts";
import type { ImageToPush, PushSource } from "../ports.ts";
import type { Registries } from "../registries.ts";
import type { RegistrySession } from "../session/session.ts";
import { pushImage, type PushedManifest } from "./push-image.ts";

export interface PushDeps {
  readonly registries: Registries;
  readonly source: PushSource;
  readonly content: ContentStore;
  readonly compressor: Compressor;
  readonly events: EventSink;
  readonly logger: Logger;
}

export interface PushOptions {
  readonly concurrentUploads: number;
}

export interface PushInput {
  /** Without a tag: every tag of the repository. */
  readonly reference: Reference;
  readonly platform: Platform | undefined;
  readonly auth: RegistryAuth;
}

/** Pushes images. */
export interface PushService {
  /**
   * Resolves when all is in the registry. Its lines are dockerd's.
   *
   * @throws EngineError with dockerd's texts: `not-found`, `unauthorized`, `invalid`, `unavailable`, `cancelled`, …
   */
  push(input: PushInput, sink: ProgressSink, signal: AbortSignal): Promise<void>;
}

/** A token that may read more than these would be asked for by an address longer than servers take. */
const MOST_HOMES = 8;

interface Tagged {
  readonly tag: string;
  readonly image: ImageToPush;
}

export function createPushService(deps: PushDeps, { concurrentUploads }: PushOptions): PushService {
  const cancelled = (cause: unknown): EngineError => new EngineError("cancelled", "context canceled", { cause });
  const slots = new Slots(concurrentUploads, cancelled);
  return { push: (input, sink, signal) => push({ ...deps, slots }, input, sink, signal) };
}

async function push(deps: PushDeps & { slots: Slots }, input: PushInput, sink: ProgressSink, signal: AbortSignal): Promise<void> {
  const { reference } = input;
  if (input.platform !== undefined) checkPlatform(deps.source, reference, input.platform);
  sink({ status: `The push refers to repository [${canonicalName(reference)}]` });
  const wanted = taggedImages(deps.source, reference);
  const homes = new Set(wanted.flatMap(({ image }) => homesOfImage(deps.source, image, reference)));
  const alsoRead = [...homes].slice(0, MOST_HOMES);
  const session = await deps.registries.openForPush(reference, input.auth, alsoRead, signal);
  for (const { tag, image } of wanted) await pushOne({ ...deps, alsoRead }, session, withTag(reference, tag), image, sink, signal);
  deps.events.emit({ type: "image", action: "push", id: familiarString(reference), attributes: { name: familiarName(reference) } });
}

async function pushOne(
  deps: PushDeps & { slots: Slots; alsoRead: readonly string[] },
  session: RegistrySession,
  reference: Reference,
  image: ImageToPush,
  sink: ProgressSink,
  signal: AbortSignal,
): Promise<void> {
  const { images, compressedLayers } = deps.source;
  const tag = reference.tag ?? "latest";
  const layerDeps = {
    homesOf: (diffId: Digest) => homesOf(deps.source, diffId, reference).filter((home) => deps.alsoRead.includes(home)),
    remember: (diffId: Digest, compressed: Omit<PushedManifest, "mediaType">) => compressedLayers.remember(diffId, compressed),
    retry: deps.registries.retry,
  };
  const manifest = await pushImage({ ...deps, ...layerDeps, session }, image, tag, sink, signal);
  const { digest, size } = manifest;
  images.setReference(withDigest(reference, digest), image.id, Date.now());
  const attestations = images.attestations.of(image.id);
  if (attestations.length > 0) {
    const { pushAttestations } = await import("./push-attestations.ts");
    await pushAttestations({ ...deps, session, retry: layerDeps.retry }, { image, reference, manifest }, attestations, sink, signal);
  }
  sink({ status: `${tag}: digest: ${digest} size: ${size}` });
  sink({ progressDetail: {}, aux: { Tag: tag, Digest: digest, Size: size } });
}

/** @throws EngineError with dockerd's texts. */
function taggedImages({ images }: PushSource, reference: Reference): Tagged[] {
  if (reference.digest !== undefined) throw new EngineError("invalid", "cannot push a digest reference");
  const tags = images.tagsOf(canonicalName(reference));
  if (tags.length === 0) throw new EngineError("not-found", `An image does not exist locally with the tag: ${familiarName(reference)}`);
  const wanted = reference.tag === undefined ? tags : [reference.tag];
  return wanted.map((tag) => {
    const id = images.idOf(withTag(reference, tag));
    const image = id === undefined ? undefined : images.get(id);
    if (image === undefined) throw new EngineError("not-found", `tag does not exist: ${familiarString(withTag(reference, tag))}`);
    return { tag, image };
  });
}

/** @throws EngineError `not-found` when the image is for another. */
function checkPlatform({ images }: PushSource, reference: Reference, platform: Platform): void {
  const id = images.idOf(reference);
  const image = id === undefined ? undefined : images.get(id);
  if (image === undefined || imageMatches(platform, image.config)) return;
  throw new EngineError(
    "not-found",
    `image with reference ${familiarString(reference)} was found but its platform (${formatPlatform(normalizePlatform(image.config))}) ` +
      `does not match the specified platform (${formatPlatform(platform)})`,
  );
}

function homesOfImage(source: PushSource, image: ImageToPush, target: Reference): string[] {
  return image.layers.flatMap(({ diffId }) => homesOf(source, diffId, target));
}

/** Other repositories of the same registry that images with this layer came from, or went to. */
function homesOf({ images }: PushSource, diffId: Digest, target: Reference): string[] {
  const names = images.repositoriesWith(diffId).map(parseReference);
  return names.filter(({ domain, path }) => domain === target.domain && path !== target.path).map(({ path }) => path);
}
