import { createHash } from "node:crypto";
import type { Digest } from "#spec/digest.ts";
import type { ImageConfigFile } from "#spec/oci-image/types.ts";
import { familiarString, type Reference } from "#spec/reference.ts";

/** An image that is here: its configuration, the layers below it, and the names that point at it. */
export interface Image {
  /** Digest of the configuration file. */
  readonly id: Digest;
  readonly config: ImageConfigFile;
  /** The image it was built or committed from on this host. */
  readonly parent: Digest | undefined;
  /** The manifest it came by; undefined for one that was loaded or made here. */
  readonly manifest: Digest | undefined;
  /** From the base up. */
  readonly layers: readonly ImageLayer[];
  /** Tags and repository digests, in order of their text. */
  readonly references: readonly Reference[];
  readonly lastTagged: Date | undefined;
}

export interface ImageLayer {
  readonly chainId: Digest;
  readonly diffId: Digest;
  /** Bytes of its regular files. */
  readonly size: number;
  /** The archive it came as. */
  readonly blob: LayerBlob | undefined;
}

export interface LayerBlob {
  readonly digest: Digest;
  readonly mediaType: string;
}

export function sizeOf(image: Image): number {
  return image.layers.reduce((sum, layer) => sum + layer.size, 0);
}

export function labelsOf(image: Image): Readonly<Record<string, string>> {
  return image.config.config?.Labels ?? {};
}

/** Milliseconds since the epoch; undefined when the configuration has no date, or none that can be read. */
export function createdAt(image: Image): number | undefined {
  const time = Date.parse(image.config.created ?? "");
  return Number.isNaN(time) ? undefined : time;
}

export function tagsOf(image: Image): string[] {
  return image.references.filter((reference) => reference.digest === undefined).map(familiarString);
}

/** Twelve hex digits, as Docker shows an id. */
export function shortId(id: string): string {
  return id.replace(/^sha256:/, "").slice(0, 12);
}

export function digestOf(bytes: string | Uint8Array): Digest {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}
