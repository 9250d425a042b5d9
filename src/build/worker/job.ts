import type { Digest } from "#spec/digest.ts";
import type { BytePath } from "#lib/byte-path.ts";
import type { Chmod } from "../plan/plan.ts";

/** Work on the file trees of a build, which belongs on a thread: plain data. Paths of the host are the engine's own. */
export type BuildJob = SelectJob | CopyJob | FoldersJob | ClampJob | InventoryJob;

/** Where files are taken from. Nobody writes to it while a build goes on. */
export interface SourceTree {
  /** A folder of the host. */
  readonly folder: string;
  /** Whoever owns a file there, its copy is root's: the files of a client, of a repository, of a download. */
  readonly asRoot: boolean;
}

/** Finds what a source of COPY or ADD means, and names it by its content. The outcome is a `Selection`. */
export interface SelectJob {
  readonly kind: "select";
  readonly from: SourceTree;
  /** As in `CopySource`. */
  readonly path: string;
  readonly unpack: boolean;
  readonly parents: boolean;
  readonly exclude: readonly string[];
}

/** Undefined matches: there is no such file. */
export interface Selection {
  readonly matches: readonly Match[] | undefined;
  /** Over all that a copy takes over, and no times. */
  readonly digest: Digest;
  readonly files: number;
  readonly bytes: number;
  /** Each node with a few digits of what it is, a line each: what a later build is compared with. Undefined where they are too many. */
  readonly listing: string | undefined;
}

export interface Match {
  /** From the tree's folder on, links followed; empty for the folder itself. */
  readonly path: BytePath;
  /** Its last name, as it was asked for. */
  readonly name: BytePath;
  readonly isFolder: boolean;
  /** An archive that is to be unpacked. */
  readonly isArchive: boolean;
  /** With `parents`: where it goes below the destination. */
  readonly below: BytePath | undefined;
}

/** Copies into a tree. */
export interface CopyJob extends Looks {
  readonly kind: "copy";
  /** The mounted root. */
  readonly root: string;
  readonly destination: string;
  readonly destinationIsFolder: boolean;
  readonly items: readonly CopyItem[];
  readonly exclude: readonly string[];
}

export type CopyItem =
  | { readonly kind: "tree"; readonly from: SourceTree; readonly match: Match }
  | { readonly kind: "inline"; readonly name: string; readonly content: string };

export interface Looks {
  /** Undefined: as in the source; folders that have to be made for it are root's. */
  readonly owner: { readonly user: number; readonly group: number } | undefined;
  readonly chmod: Chmod | undefined;
  /** Seconds since 1970 that everything gets as its time; undefined: its own. */
  readonly time: number | undefined;
}

/** Makes a folder and those above it. The outcome is the path that it really has in the root. */
export interface FoldersJob extends Looks {
  readonly kind: "folders";
  readonly root: string;
  readonly path: string;
}

/** Makes no time in a folder be later than this: seconds since 1970. */
export interface ClampJob {
  readonly kind: "clamp";
  readonly folder: string;
  readonly time: number;
}

/** Looks for what package managers have installed. The outcome is an `Inventory`. */
export interface InventoryJob {
  readonly kind: "inventory";
  readonly folder: string;
}
