import type { Digest } from "#spec/digest.ts";
import type { WhiteoutForm } from "#store/snapshots/contract.ts";

/** What the image noun needs of others. `daemon/wire.ts` hands over services that fit. */

export interface LayerUnpacker {
  /**
   * Unpacks a layer's blob (plain, gzip or zstd, told by its own first bytes) into the folder that a snapshotter gives, and checks
   * what came out.
   *
   * @throws EngineError `invalid` for a hostile or broken archive, or when the diff id is not `expectedDiffId`; `exhausted` on a full disk.
   */
  unpack(request: UnpackRequest, signal: AbortSignal): Promise<UnpackedLayer>;
}

export interface UnpackRequest {
  readonly blobPath: string;
  /** What `Snapshotter.importLayer` hands to its `fill`. */
  readonly folder: string;
  readonly below: string | undefined;
  readonly whiteouts: WhiteoutForm;
  readonly expectedDiffId: Digest | undefined;
  /** Compressed bytes read so far, a few times a second. */
  readonly onProgress?: (bytes: number) => void;
}

export interface UnpackedLayer {
  /** Digest of the uncompressed archive. */
  readonly diffId: Digest;
  /** Bytes of its regular files: what Docker calls the layer's size. */
  readonly size: number;
}

export interface ContainerUse {
  /** Containers that were made from an image, in no order. Synchronous: it reads what is in memory. */
  usersOf(imageId: Digest): readonly { readonly id: string; readonly running: boolean }[];
}
