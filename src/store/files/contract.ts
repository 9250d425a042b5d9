import type { IdMapping } from "#lib/id-mapping.ts";
import type { ByteSource } from "#lib/byte-source.ts";
import type { Digest } from "#spec/digest.ts";

/**
 * Reads and writes the files of containers, on threads of its own: archives in and out (`docker cp`), whole roots (`export`), what was
 * changed (`diff`), and layers out of it (`commit`).
 *
 * Where a path leads is decided by the kernel, on a thread whose root is the container's: no link, no `..`, no name of an archive and
 * no race leads to a file of the host. Nothing of a container is executed or loaded.
 */
export interface ContainerFiles {
  /** @throws EngineError `not-found` (code `no-such-path`), `invalid`. */
  stat(view: ViewRequest, path: string, signal: AbortSignal): Promise<PathStat>;

  /**
   * An archive of what is at a path; begins with the first piece that is asked for. Give `body` up, or abort, to end it.
   *
   * @throws EngineError as `stat`.
   */
  pack(view: ViewRequest, path: string, signal: AbortSignal): Promise<PackedPath>;

  /**
   * Unpacks an archive, compressed or not, into a folder.
   *
   * @throws EngineError `not-found` (code `no-such-path`), `invalid` for a place that is no folder or read-only and for a broken archive,
   *   `conflict` for a folder in the place of a file and the other way round, where that is refused.
   */
  extract(view: ViewRequest, request: ExtractRequest, signal: AbortSignal): Promise<void>;

  /** The whole of a folder as an archive, itself left out. @param users as in `ViewRequest`. */
  packFolder(folder: string, users: IdMapping | undefined, signal: AbortSignal): AsyncIterable<Uint8Array>;

  /** What a container changed, in order of the paths. */
  changes(diff: TreeDiff, signal: AbortSignal): Promise<readonly FileChange[]>;

  /**
   * Makes a layer of what a container changed: the archive, written to a file, and at the same time the layer's folder.
   *
   * @throws EngineError `exhausted`, `cancelled`.
   */
  packLayer(request: LayerRequest, signal: AbortSignal): Promise<PackedLayer>;

  close(): Promise<void>;
}

/** How a container's file system is put together. Paths of the host are the engine's own, or the user's; never an image's. */
export interface ViewRequest {
  /** The mounted root. */
  readonly root: string;
  readonly readOnlyRoot: boolean;
  readonly mounts: readonly ViewMount[];
  /** Make mount points that are missing. For a container that does not run: in one that does they are there. */
  readonly makeTargets: boolean;
  readonly running: { readonly pid: number; readonly tmpfs: readonly string[] } | undefined;
  /** Which users of the host those of the container are; undefined: the same. Archives speak of the container's. */
  readonly users: IdMapping | undefined;
}

export interface ViewMount {
  readonly source: string;
  /** Clean absolute path in the container; links on the way are followed inside the root. */
  readonly target: string;
  readonly readOnly: boolean;
  /** With what is mounted below the source. */
  readonly recursive: boolean;
}

/** As `X-Docker-Container-Path-Stat` has it. */
export interface PathStat {
  readonly name: string;
  readonly size: number;
  /** Bits of Go's `fs.FileMode`. */
  readonly mode: number;
  /** RFC 3339 with nanoseconds. */
  readonly mtime: string;
  readonly linkTarget: string;
}

export interface PackedPath {
  readonly stat: PathStat;
  readonly body: AsyncIterable<Uint8Array>;
}

export interface ExtractRequest {
  readonly path: string;
  readonly archive: ByteSource;
  /** Refuse to put a folder in the place of what is none, and the other way round. */
  readonly keepKinds: boolean;
  /** Who gets everything; undefined: as the archive says. */
  readonly owner: { readonly user: number; readonly group: number } | undefined;
}

/** What a writable has become, beside what it stands on. Paths of the host. */
export type TreeDiff =
  /** Only what was written, deletions in the overlay's form; `below` is all that lies under it, merged, to read. */
  | { readonly kind: "overlay"; readonly changed: string; readonly below: string | undefined }
  /** The whole of it, and the whole of what it was copied from. `own` are paths that the engine put there. */
  | {
      readonly kind: "copy";
      readonly changed: string;
      readonly below: string | undefined;
      readonly own: readonly string[];
      /** Both are views of the same layers: a file is the same where its inode is, and nowhere else. */
      readonly sameInodes?: boolean;
    };

export interface FileChange {
  readonly path: string;
  readonly kind: "modified" | "added" | "deleted";
}

export interface LayerRequest {
  readonly diff: TreeDiff;
  /** A new file for the archive. */
  readonly archive: string;
  /** An empty folder for the layer, in the form that the driver keeps layers in; undefined when only the archive is wanted. */
  readonly folder: string | undefined;
}

export interface PackedLayer {
  readonly diffId: Digest;
  readonly size: number;
  /** Bytes in files, as Docker counts the size of a layer. */
  readonly contentSize: number;
}
