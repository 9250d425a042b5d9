import { EngineError, messageOf } from "#errors/engine-error.ts";
import { parseJsonText } from "#lib/json/text.ts";
import { isDigest, type Digest } from "#spec/digest.ts";
import { chainIds } from "#spec/oci-image/chain-id.ts";
import { selectManifest } from "#spec/oci-image/select.ts";
import type { Descriptor, ImageManifest } from "#spec/oci-image/types.ts";
import { formatPlatform, imageMatches, normalizePlatform, type Platform } from "#spec/platform.ts";
import type { ProgressSink } from "#spec/progress.ts";
import { canonicalString, familiarString, withDigest, type Reference } from "#spec/reference.ts";
import type { ContentStore } from "#store/content/contract.ts";
import { fetchManifest, type FetchedManifest } from "./fetch-manifest.ts";
import type { ImageAssembly, ImageGate, ImageTarget } from "../ports.ts";
import { pullLayers, type LayerToPull } from "./pull-layers.ts";
import type { RetryOptions } from "../transport/retry.ts";
import type { RegistrySession } from "../session/session.ts";
import { signatureSource } from "./signature-source.ts";
import type { Transfers } from "./transfers.ts";

export interface PullImageDeps {
  readonly session: RegistrySession;
  readonly target: ImageTarget;
  readonly content: ContentStore;
  readonly transfers: Transfers;
  readonly retry: RetryOptions;
  readonly gate: ImageGate;
}

export interface ImageToPull {
  /** With a tag or a digest. */
  readonly reference: Reference;
  readonly platform: Platform;
  /** The user named it: say so when the image is for another. */
  readonly platformIsAsked: boolean;
}

/** Documents on the way to the image, the one that the reference means first. */
interface Found {
  readonly documents: readonly FetchedManifest[];
  readonly digest: Digest;
  readonly manifest: ImageManifest;
}

const CONFIG_LIMIT = 4 * 1024 * 1024;
const DEEPEST = 3;

/**
 * Pulls one image of a repository and points the reference at it.
 *
 * @returns false when the reference pointed at it already.
 */
export async function pullImage(deps: PullImageDeps, image: ImageToPull, sink: ProgressSink, signal: AbortSignal): Promise<boolean> {
  const { reference } = image;
  const top = await fetchManifest(deps.session, reference.digest ?? reference.tag ?? "latest", undefined, deps.retry, signal);
  await deps.gate.check(reference, top, signatureSource(deps.session, deps.retry), signal);
  const shownAs = reference.digest === undefined ? (reference.tag ?? "latest") : canonicalString(reference);
  sink({ status: `Pulling from ${reference.path}`, id: shownAs });
  const found = await descend(deps, top, image.platform, signal);

  await using assembly = deps.target.openAssembly();
  for (const { bytes } of found.documents) await assembly.keepBytes(bytes, signal);
  const configBytes = await fetchConfig(deps, assembly, found.manifest.config, signal);
  const layers = layersToPull(found.manifest, configBytes);
  await pullLayers({ ...deps, assembly }, layers, sink, signal);

  sink({ status: `Digest: ${top.digest}` });
  const isNew = commit(deps, assembly, image.reference, top.digest, found, configBytes);
  if (image.platformIsAsked) warnOfOtherPlatform(image, configBytes, sink);
  return isNew;
}

/** From an index to the image for the platform. */
async function descend(deps: PullImageDeps, top: FetchedManifest, platform: Platform, signal: AbortSignal): Promise<Found> {
  const documents = [top];
  for (let current = top; documents.length <= DEEPEST; documents.push(current)) {
    const { parsed, digest } = current;
    if (parsed.kind === "image") return { documents, digest, manifest: parsed.manifest };
    const entry = selectManifest(parsed.index, platform);
    current = await fetchManifest(deps.session, entry.digest, entry, deps.retry, signal);
    if (current.bytes.length !== entry.size) throw new EngineError("invalid", `${entry.digest} is not of the size that its index says`);
  }
  throw new EngineError("invalid", `${top.digest} has more than ${DEEPEST} indexes inside each other`);
}

async function fetchConfig(deps: PullImageDeps, assembly: ImageAssembly, config: Descriptor, signal: AbortSignal): Promise<Buffer> {
  if (config.size > CONFIG_LIMIT)
    throw new EngineError("too-large", `the image configuration has ${config.size} bytes; at most ${CONFIG_LIMIT} are read`);
  await assembly.holdBlob(config.digest);
  try {
    await deps.transfers.fetch(deps.session, config, () => undefined, signal);
  } catch (error) {
    if (!(error instanceof EngineError) || error.code !== "digest-mismatch") throw error;
    throw new EngineError("invalid", `image config verification failed for digest ${config.digest}`, { cause: error });
  }
  return deps.content.read(config.digest, CONFIG_LIMIT);
}

/** The configuration says what the layers are, the manifest where they lie: they have to be of one mind. */
function layersToPull(manifest: ImageManifest, configBytes: Buffer): LayerToPull[] {
  const { diffIds, os } = rootOf(configBytes);
  if (os !== "linux")
    throw new EngineError("invalid", `image operating system ${JSON.stringify(os.slice(0, 100))} cannot be used on this platform`);
  if (diffIds.length !== manifest.layers.length) throw new EngineError("invalid", "layers from manifest don't match image configuration");
  const chain = chainIds(diffIds);
  return manifest.layers.map((descriptor, index) => ({
    descriptor,
    diffId: diffIds[index] as Digest,
    chainId: chain[index] as Digest,
    parent: chain[index - 1],
  }));
}

/** What pulling needs of a configuration; the image noun reads the rest when it is committed. */
function rootOf(configBytes: Buffer): { diffIds: Digest[]; os: string } {
  const config = parseObject(configBytes);
  const rootfs = config["rootfs"];
  const list: unknown = typeof rootfs === "object" && rootfs !== null && "diff_ids" in rootfs ? rootfs.diff_ids : undefined;
  const diffIds = Array.isArray(list) ? list.filter((item): item is Digest => typeof item === "string" && isDigest(item)) : undefined;
  if (diffIds === undefined || diffIds.length !== (list as unknown[]).length)
    throw new EngineError("invalid", "invalid rootfs in image configuration");
  return { diffIds, os: typeof config["os"] === "string" && config["os"] !== "" ? config["os"] : "linux" };
}

function parseObject(bytes: Buffer): Record<string, unknown> {
  let value: unknown;
  try {
    value = parseJsonText(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw new EngineError("invalid", `invalid image configuration: ${messageOf(cause)}`, { cause });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new EngineError("invalid", "invalid image configuration: not an object");
  return value as Record<string, unknown>;
}

function commit(
  { target, content }: PullImageDeps,
  assembly: ImageAssembly,
  reference: Reference,
  topDigest: Digest,
  found: Found,
  configBytes: Buffer,
): boolean {
  const named = reference.digest === undefined ? [reference, withDigest(reference, topDigest)] : [withDigest(reference, reference.digest)];
  const before = target.images.idOf(named[0] as Reference);
  const { id } = assembly.commit(
    {
      configBytes,
      manifest: found.digest,
      layerBlobs: found.manifest.layers.map((layer) => (content.sizeOf(layer.digest) === layer.size ? layer : undefined)),
      blobs: found.documents.map(({ digest }) => digest),
      references: named,
    },
    Date.now(),
  );
  return before !== id;
}

/** A manifest without a list has one platform, whatever was asked for: pulled all the same, with a word. */
function warnOfOtherPlatform({ reference, platform }: ImageToPull, configBytes: Buffer, sink: ProgressSink): void {
  const { architecture, os, variant } = parseObject(configBytes);
  const [foundOs, foundArchitecture] = [typeof os === "string" ? os : "linux", typeof architecture === "string" ? architecture : ""];
  const found = { os: foundOs, architecture: foundArchitecture, ...(typeof variant === "string" ? { variant } : {}) };
  if (imageMatches(platform, found)) return;
  sink({
    status:
      `WARNING: image with reference ${familiarString(reference)} was found but its platform ` +
      `(${formatPlatform(normalizePlatform(found))}) does not match the specified platform (${formatPlatform(platform)})`,
  });
}
