import type { Digest } from "#spec/digest.ts";
import { mediaTypes, type ImageConfigFile } from "#spec/oci-image/types.ts";
import type { Platform } from "#spec/platform.ts";
import { decompressed } from "../archive/decompress.ts";
import type { IntakeDeps } from "./intake-deps.ts";
import { applyChanges } from "./changes.ts";
import { emitImageEvent } from "../record/image-events.ts";
import { parseRepoTag } from "./tag.ts";

export interface ImportInput {
  /** A tar archive of a root file system, compressed or not. */
  readonly archive: AsyncIterable<Uint8Array>;
  /** Empty for an image without a name. */
  readonly repo: string;
  readonly tag: string;
  readonly message: string;
  /** Lines of a Dockerfile. */
  readonly changes: readonly string[];
  readonly platform: Platform | undefined;
}

/** Makes an image of one layer from a file system. @throws EngineError `invalid`. */
export async function importImage(deps: IntakeDeps, input: ImportInput, signal: AbortSignal): Promise<Digest> {
  const reference = parseRepoTag(input.repo, input.tag);
  const run = applyChanges({}, input.changes);
  await using assembly = deps.openAssembly();
  await assembly.holdAllBlobs();
  // Kept without its compression: the blob's digest is the diff id then, and one pass is enough to know it.
  const limit = { limit: deps.limits.blobBytes };
  const { digest: diffId } = await deps.content.ingest(decompressed(input.archive, signal), limit, signal);
  await assembly.holdBlob(diffId);
  await assembly.importLayer({ chainId: diffId, parent: undefined, diffId, blob: diffId }, signal);
  const configBytes = Buffer.from(JSON.stringify(configOf(input, run, diffId, deps.hostPlatform)));
  await assembly.keepBytes(configBytes, signal);
  const layerBlobs = [{ digest: diffId, mediaType: mediaTypes.ociLayer }];
  const { id } = assembly.commit({ configBytes, layerBlobs, references: reference === undefined ? [] : [reference] }, Date.now());
  emitImageEvent(deps.events, "import", id, deps.images.get(id));
  return id;
}

function configOf(input: ImportInput, run: object, diffId: Digest, host: Platform): ImageConfigFile {
  const created = new Date().toISOString();
  const { os, architecture, variant } = input.platform ?? host;
  return {
    created,
    architecture,
    os,
    ...(variant === undefined ? {} : { variant }),
    comment: input.message,
    config: run,
    rootfs: { type: "layers", diff_ids: [diffId] },
    history: [{ created, comment: input.message }],
  };
}
