import type { ByteSource } from "#lib/byte-source.ts";
import type { Digest } from "#spec/digest.ts";
import type { WhiteoutForm } from "../snapshots/contract.ts";
import type { GrowingFile } from "../worker/growing-file.ts";

/**
 * Unpacks layers and root file systems: a tar archive, as it is or compressed (gzip, zstd, xz, bzip2: told by its first bytes, never
 * by a name), into a folder.
 *
 * What an archive may do is decided by where it runs: a thread whose root is the folder. `..`, absolute names and links lead to
 * places inside it, always. What is no layer at all is refused and names the entry: a path above the root, a whiteout of no name,
 * a character device 0:0 (an overlay would take it for a deletion), an id or a size out of range, a sparse file. Kept are owners,
 * modes, times to the nanosecond, hard links, devices, file capabilities and `user.*` attributes; `trusted.*` ones are not.
 */
export interface Unpacker {
  /**
   * Nothing is taken back when it throws: the folder is the caller's to remove.
   *
   * @throws EngineError `invalid` (code `invalid-layer`, `digest-mismatch`, `size-mismatch`), `too-large` over a limit,
   *   `exhausted` when the disk is full or nearly so, `cancelled`.
   */
  unpack(request: UnpackRequest, signal: AbortSignal): Promise<Unpacked>;

  /** Ends the threads. What still runs is rejected. */
  close(): Promise<void>;
}

export interface UnpackRequest {
  /** A file, read by the thread itself, also while it is still being written; or a stream. One that comes slowly keeps one of the few threads. */
  readonly source: { readonly path: string } | { readonly growing: GrowingFile } | { readonly stream: ByteSource };
  /** Exists; empty, unless whiteouts are `plain`. */
  readonly folder: string;
  readonly whiteouts: WhiteoutForm;
  /**
   * What lies below the layer, to read. A folder that the layer has content in but does not list looks as it does there (else: root's,
   * 0755), and a link there that the layer has content behind stays a link.
   */
  readonly below?: string | undefined;
  /** Of the archive without its compression. */
  readonly expectedDiffId?: Digest | undefined;
  /** Of the archive as it comes; checked, and `blob` returned, when given. */
  readonly expectedBlob?: { readonly digest?: Digest | undefined; readonly size?: number | undefined } | undefined;
  readonly limits?: Partial<UnpackLimits> | undefined;
  /** Bytes of the archive, as it comes, that are done. Called now and then. */
  readonly onProgress?: ((bytes: number) => void) | undefined;
}

export interface Unpacked {
  readonly diffId: Digest;
  readonly blob: { readonly digest: Digest; readonly size: number } | undefined;
  /** Bytes in files, as Docker counts the size of a layer. */
  readonly contentSize: number;
  readonly entries: number;
}

export interface UnpackLimits {
  /** Most bytes of the archive without its compression. */
  readonly bytes: number;
  /** Most bytes that one compressed byte may become, once `freeOfRatio` bytes are out: what a bomb does, and no layer. */
  readonly ratio: number;
  readonly freeOfRatio: number;
  readonly entries: number;
  /** Bytes of memory for what has to be remembered of folders and deletions. */
  readonly remembered: number;
  /** Share of the file system, and most bytes, that stay free: others live on that disk too. */
  readonly freeShare: number;
  readonly freeBytes: number;
}

export const defaultUnpackLimits: UnpackLimits = {
  bytes: 256 * 1024 ** 3,
  ratio: 250,
  freeOfRatio: 4 * 1024 ** 3,
  entries: 4_000_000,
  remembered: 128 * 1024 ** 2,
  freeShare: 0.01,
  freeBytes: 256 * 1024 ** 2,
};
