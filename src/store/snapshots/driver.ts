import type { Owner } from "#lib/id-mapping.ts";
import type { Logger } from "#lib/logger.ts";
import type { Trees } from "../tree/trees.ts";
import type { Snapshotter } from "./contract.ts";

export interface SnapshotterDeps {
  readonly trees: Trees;
  readonly logger: Logger;
  /** `limitWritable`, unless given. */
  readonly limit?: (folder: string, bytes: number) => void;
}

export interface SnapshotterOptions {
  /** Belongs to the driver alone. */
  readonly root: string;
  /** See `currentBootId`. */
  readonly bootId: string;
  /** For the roots of remapped containers; undefined where there are none. */
  readonly remap?: RemapOptions | undefined;
}

/** Of folders on the way to a remapped root: its runtime works as that root, and has to pass through. The data root lets in nobody else. */
export const PASSAGE_MODE = 0o711;

export interface RemapOptions {
  /** Who the containers' root is on the host. */
  readonly root: Owner;
  /** A descriptor of a user namespace with the mapping. */
  readonly userNamespace: number;
}

/** A snapshotter with a life: what it does behind its answers can be waited for. */
export interface DriverInstance extends Snapshotter {
  /** Resolves when nothing goes on any more and all layers are on the disk. For the end of a daemon, and for tests. */
  settle(): Promise<void>;
}

/** Whether a driver can work in a folder. */
export type Support = { readonly supported: true } | { readonly supported: false; readonly reason: string };

export interface SnapshotDriver {
  /** Tries it, and leaves nothing. */
  readonly supported: (folder: string) => Support;
  readonly create: (deps: SnapshotterDeps, options: SnapshotterOptions) => DriverInstance;
}
