import type { BlobDigest } from "../protocol/digest.ts";

/** What is kept beside a manifest's bytes. */
export interface ManifestHead {
  readonly mediaType: string;
  /** 0 for an image; for an index one more than the highest of what it names. */
  readonly level: number;
  readonly subject?: BlobDigest | undefined;
}

export interface ManifestRecord extends ManifestHead {
  readonly bytes: Buffer;
}

const NEWLINE = 0x0a;

/**
 * One document a manifest: a line of JSON, then its bytes as they were pushed. So a pull reads one document for it, and there is no instant
 * at which one of the two is there without the other.
 */
export function packManifest(head: ManifestHead, bytes: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), bytes]);
}

/** Undefined for what is no such document: a damaged store is one in which the manifest is missing. */
export function unpackManifest(document: Buffer): ManifestRecord | undefined {
  const end = document.indexOf(NEWLINE);
  if (end < 0) return undefined;
  try {
    const head = JSON.parse(document.subarray(0, end).toString("utf8")) as ManifestHead;
    return typeof head.mediaType === "string" ? { ...head, bytes: document.subarray(end + 1) } : undefined;
  } catch {
    return undefined;
  }
}
