import { createHash } from "node:crypto";
import { parseJsonText } from "#lib/json/text.ts";
import { type Digest, isDigest } from "#spec/digest.ts";
import { mediaTypes } from "#spec/oci-image/types.ts";
import { damaged, LARGEST_CHUNK } from "./chunk.ts";
import type { Snapshot } from "./contract.ts";

/**
 * A snapshot in a registry: an OCI index, tagged, that names manifests, whose layers are the chunks in their order. So a registry keeps the chunks for as
 * long as the tag stands, and no document is larger than the 4 MiB that registries take. (OCI image-spec, "Guidelines for Artifact Usage".)
 */
export const TYPES = {
  index: mediaTypes.ociIndex,
  part: mediaTypes.ociManifest,
  snapshot: "application/vnd.dhow.volume.snapshot.v1",
  chunks: "application/vnd.dhow.volume.chunks.v1",
  chunk: "application/vnd.dhow.volume.chunk.v1+zstd",
} as const;

/** Of a manifest that has no configuration. */
export const EMPTY = Buffer.from("{}");
const EMPTY_TYPE = "application/vnd.oci.empty.v1+json";

/** About 150 bytes each. */
export const CHUNKS_PER_PART = 4096;
const VOLUME = "dev.dhow.volume";
const ID = "dev.dhow.snapshot.id";
const SIZE = "dev.dhow.snapshot.size";
const ADDED = "dev.dhow.snapshot.added";
const CREATED = "org.opencontainers.image.created";

export interface BlobFacts {
  readonly digest: Digest;
  readonly size: number;
}

/** A document, and what it is called. */
export interface Document extends BlobFacts {
  readonly bytes: Buffer;
}

/** A tag can be shorter than a volume's name: its digest stands for it. */
export function tagOf({ volume, id }: Pick<Snapshot, "volume" | "id">): string {
  return `${id}.${volumeMark(volume)}`;
}

/** Whether a tag is one of a snapshot; of this volume, when one is named. */
export function isSnapshotTag(tag: string, volume?: string): boolean {
  return /^[0-9a-f]{64}\.[0-9a-f]{32}$/.test(tag) && (volume === undefined || tag.endsWith(`.${volumeMark(volume)}`));
}

function volumeMark(volume: string): string {
  return createHash("sha256").update(volume).digest("hex").slice(0, 32);
}

export function describe(bytes: Uint8Array): BlobFacts {
  return { digest: `sha256:${createHash("sha256").update(bytes).digest("hex")}`, size: bytes.length };
}

export function partDocument(chunks: readonly BlobFacts[]): Document {
  return documentOf({
    schemaVersion: 2,
    mediaType: TYPES.part,
    artifactType: TYPES.chunks,
    config: { mediaType: EMPTY_TYPE, ...describe(EMPTY) },
    layers: chunks.map(({ digest, size }) => ({ mediaType: TYPES.chunk, digest, size })),
  });
}

export function indexDocument({ id, volume, created, size, added }: Snapshot, parts: readonly BlobFacts[]): Document {
  return documentOf({
    schemaVersion: 2,
    mediaType: TYPES.index,
    artifactType: TYPES.snapshot,
    manifests: parts.map((part) => ({ mediaType: TYPES.part, digest: part.digest, size: part.size, artifactType: TYPES.chunks })),
    annotations: { [VOLUME]: volume, [ID]: id, [CREATED]: created, [SIZE]: String(size), [ADDED]: String(added) },
  });
}

function documentOf(value: object): Document {
  const bytes = Buffer.from(JSON.stringify(value));
  return { bytes, ...describe(bytes) };
}

/** @throws EngineError `system` for what is no snapshot's. */
export function readIndex(bytes: Uint8Array): { readonly snapshot: Snapshot; readonly parts: readonly BlobFacts[] } {
  const document = read(bytes, TYPES.snapshot);
  const annotations = (document["annotations"] ?? {}) as Record<string, unknown>;
  const text = (key: string, pattern: RegExp): string => {
    const value = annotations[key];
    if (typeof value !== "string" || !pattern.test(value)) throw damaged(`it does not say its ${key}`);
    return value;
  };
  const snapshot: Snapshot = {
    id: text(ID, /^[0-9a-f]{64}$/),
    volume: text(VOLUME, /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,254}$/),
    created: text(CREATED, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    size: Number(text(SIZE, /^\d{1,15}$/)),
    added: Number(text(ADDED, /^\d{1,15}$/)),
  };
  return { snapshot, parts: blobsOf(document["manifests"], TYPES.part) };
}

/** The chunks, in their order. @throws EngineError `system`. */
export function readPart(bytes: Uint8Array): readonly BlobFacts[] {
  return blobsOf(read(bytes, TYPES.chunks)["layers"], TYPES.chunk);
}

function read(bytes: Uint8Array, artifactType: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = parseJsonText(Buffer.from(bytes).toString("utf8"));
  } catch (cause) {
    throw damaged("a document of it is no JSON", cause);
  }
  const document = (typeof value === "object" && value !== null ? value : {}) as Record<string, unknown>;
  if (document["artifactType"] !== artifactType) throw damaged(`a document of it is no ${artifactType}`);
  return document;
}

function blobsOf(list: unknown, type: string): readonly BlobFacts[] {
  if (!Array.isArray(list)) throw damaged("a document of it has no list");
  return list.map((entry: unknown) => {
    const { mediaType, digest, size } = (entry ?? {}) as Record<string, unknown>;
    const isFine = mediaType === type && typeof digest === "string" && isDigest(digest) && Number.isSafeInteger(size);
    if (!isFine || (size as number) < 0 || (size as number) > LARGEST_CHUNK) throw damaged("an entry of its lists makes no sense");
    return { digest, size: size as number };
  });
}
