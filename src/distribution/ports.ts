import type { Attestation } from "#spec/attestations.ts";
import type { Digest } from "#spec/digest.ts";
import type { Reference } from "#spec/reference.ts";
import type { GrowingFile } from "#store/worker/growing-file.ts";

/** What pulling needs of the image noun. `daemon/wire.ts` hands over the image service, which fits. */
export interface ImageTarget {
  openAssembly(): ImageAssembly;
  readonly images: {
    /** The image a tag or a repository digest points at. */
    idOf(reference: Reference): Digest | undefined;
    get(id: Digest): { readonly config: { readonly config?: { readonly Labels?: Readonly<Record<string, string>> | null } } } | undefined;
  };
}

/** An image on its way in; what it brought is removed again when it is disposed of without a commit. */
export interface ImageAssembly extends AsyncDisposable {
  /** Keeps a blob that is here or will be. */
  holdBlob(digest: Digest): Promise<void>;
  /** Stores a small document, and keeps it. */
  keepBytes(bytes: Uint8Array, signal: AbortSignal): Promise<Digest>;
  /** Keeps a layer, and tells whether it is here. */
  holdLayer(chainId: Digest): Promise<boolean>;
  /** Whether the archive of a layer that is here is here, too. */
  hasArchive(diffId: Digest): boolean;
  /** @throws EngineError `invalid` for a layer that is hostile, broken or not what its diff id says. */
  importLayer(layer: LayerToImport, signal: AbortSignal): Promise<void>;
  commit(image: ImageToCommit, now: number): { readonly id: Digest };
}

interface LayerToImport {
  readonly chainId: Digest;
  readonly parent: Digest | undefined;
  readonly diffId: Digest;
  readonly blob: Digest;
  /** Of a blob that is still coming in: its file, and when it is here, verified. */
  readonly arriving?: { readonly file: GrowingFile; readonly done: Promise<void> } | undefined;
  /** Bytes of the blob that are done. */
  readonly onProgress?: (bytes: number) => void;
}

interface ImageToCommit {
  readonly configBytes: Uint8Array;
  readonly manifest?: Digest;
  readonly layerBlobs: readonly ({ readonly digest: Digest; readonly mediaType: string } | undefined)[];
  readonly blobs?: readonly Digest[];
  readonly references: readonly Reference[];
}

/** What pushing needs of the image noun. */
export interface PushSource {
  /** Keeps what is sent from being removed meanwhile. */
  openAssembly(): Pick<ImageAssembly, "holdBlob" | "holdLayer" | typeof Symbol.asyncDispose>;
  readonly images: {
    idOf(reference: Reference): Digest | undefined;
    get(id: Digest): ImageToPush | undefined;
    /** The configuration file's exact bytes. */
    configOf(id: Digest): Uint8Array;
    /** Of a repository, by its canonical name. */
    tagsOf(name: string): readonly string[];
    /** Canonical names of repositories that images with this layer are known to lie in. */
    repositoriesWith(diffId: Digest): readonly string[];
    setReference(reference: Reference, id: Digest, now: number): unknown;
    /** What is said of images. */
    readonly attestations: { of(image: Digest): readonly Attestation[] };
  };
  /** What plain layers became when they were compressed last. */
  readonly compressedLayers: {
    find(diffId: Digest): { readonly digest: Digest; readonly size: number } | undefined;
    remember(diffId: Digest, compressed: { readonly digest: Digest; readonly size: number }): void;
  };
}

export interface ImageToPush {
  readonly id: Digest;
  readonly config: { readonly os: string; readonly architecture: string; readonly variant?: string };
  /** The manifest it came by. */
  readonly manifest: Digest | undefined;
  /** From the base up. */
  readonly layers: readonly {
    readonly chainId: Digest;
    readonly diffId: Digest;
    readonly blob: { readonly digest: Digest; readonly mediaType: string } | undefined;
  }[];
}

/**
 * Who says whether an image may be pulled (`trust/`). Asked when the reference has been resolved to a manifest, before anything that this names
 * is fetched; what is pulled then is this very manifest.
 */
export interface ImageGate {
  /** @throws EngineError `forbidden` for an image that is refused. */
  check(reference: Reference, manifest: ManifestToCheck, source: SignatureSource, signal: AbortSignal): Promise<void>;
}

export interface ManifestToCheck {
  readonly digest: Digest;
  readonly bytes: Buffer;
}

/** Documents about an image in its own repository (`trust/contract.ts`). */
export interface SignatureSource {
  /** By tag, or verified by digest; undefined when it is not there. @throws EngineError `too-large` over `limit` bytes. */
  manifest(tagOrDigest: string, limit: number, signal: AbortSignal): Promise<Buffer | undefined>;
  referrers(subject: Digest, artifactType: string, signal: AbortSignal): AsyncIterable<readonly SignatureReferrer[]>;
  /** Verified. @throws EngineError `not-found`, `too-large` over `limit` bytes. */
  blob(digest: Digest, limit: number, signal: AbortSignal): Promise<Buffer>;
}

export interface SignatureReferrer {
  readonly digest: Digest;
  readonly artifactType: string | undefined;
}
