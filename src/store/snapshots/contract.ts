import type { Digest } from "#spec/digest.ts";

/**
 * Layers and the writable file systems on top of them.
 *
 * Vocabulary: a *layer* is an immutable file tree, named by its chain id (the digest over the diff ids from the base up to it,
 * OCI image-spec config.md); a *writable* belongs to one container and stands on a layer, or on nothing.
 *
 * Life story of a layer: `importLayer` (unpack into a temporary folder, then one rename) → used as a parent by layers and
 * writables → `removeLayer`. Of a writable: `createWritable` → `mount` ⇄ `unmount` → `removeWritable`. A layer or a writable
 * exists whole or not at all, also after a kill at any instant: what is half-done lies under a temporary name that `sweep` removes.
 */
export interface Snapshotter {
  /** Docker's name of it: `overlay2`, `btrfs`, `vfs`. */
  readonly name: string;

  /** How `fill` has to write what a layer deletes. */
  readonly whiteouts: WhiteoutForm;

  hasLayer(chainId: Digest): boolean;

  /**
   * Makes a layer on top of `parent`. With `overlay` whiteouts `fill` gets an empty folder, and for a layer that has a parent a
   * read-only view of it (`below`: where the unpacker finds what a folder that the layer does not list looks like); with `plain`
   * ones the folder holds a copy of the parent already. Two calls for one chain id at once: the second waits for the first and does
   * not fill; when the first fails it fills itself. If `fill` throws nothing is kept.
   *
   * @param options.alone false has nobody wait for this one, which may take long: the first that is whole is the layer.
   * @throws EngineError `not-found` when the parent is missing, `exhausted` when the disk is full.
   */
  importLayer(chainId: Digest, parent: Digest | undefined, fill: LayerFill, options?: ImportOptions): Promise<void>;

  /** @throws EngineError `conflict` while a writable or a layer stands on it; missing is no error. */
  removeLayer(chainId: Digest): Promise<void>;

  /** Whether a writable or a layer stands on it, or it is being used this instant. */
  isLayerUsed(chainId: Digest): boolean;

  /** Bytes on disk of this layer alone. */
  layerSize(chainId: Digest): Promise<number>;

  /** Bytes in its regular files, counted now; undefined where a layer is not kept apart from those below it. */
  layerContentSize(chainId: Digest): Promise<number | undefined>;

  /**
   * Makes a writable for a container.
   *
   * `disposable` writables may be lost in a crash of the host: they are mounted without syncing and refused after a reboot.
   * The root of a `remapped` one is seen through the mapping of the snapshotter's own user namespace: what the layers say is user 0's
   * belongs to the namespace's root, and the other way round for what is written. On the disk ids are those of the container.
   * @throws EngineError `not-found` when the layer is missing, `conflict` when the writable exists, `not-implemented` for a
   *   remapped one where there is no mapping, `invalid` for a limit that the file system cannot keep.
   */
  createWritable(id: string, parent: Digest | undefined, options?: WritableOptions): Promise<void>;

  /** Mounts it and returns the root. Mounted already: returns the same root. */
  mount(id: string): Promise<string>;

  /** Not mounted is no error. May sync: keep it off the path of an answer. While it is borrowed, the last borrower ends it. */
  unmount(id: string): Promise<void>;

  /**
   * Has the root mounted until it is given back, whoever mounts and unmounts it meanwhile: for who reads or writes a container's files,
   * whether it runs or not. A writable can be removed all the same.
   */
  borrow(id: string): Promise<BorrowedRoot>;

  /** Lends what was written to a writable, beside what it stands on, while `use` goes on. */
  withDiff<T>(id: string, use: (diff: WritableDiff) => Promise<T>): Promise<T>;

  /**
   * Makes a layer out of what was written to a writable, on the layer that this one stands on.
   *
   * @param fill gets an empty folder. With `overlay` whiteouts it fills it with what was written; with `plain` ones a copy of the whole
   *   root is in it afterwards. It returns the chain id, or nothing to make no layer. Is there such a layer already, that one stays.
   */
  commitWritable(id: string, fill: (diff: WritableDiff, folder: string | undefined) => Promise<Digest | undefined>): Promise<void>;

  /**
   * Ends a writable that nobody uses any more by making a layer of what was written to it, where the driver can without another copy.
   * It is unmounted first, and gone afterwards, also when `pack` throws.
   *
   * @param pack as `fill` of `commitWritable`, without a folder: it reads what was written and tells the chain id, or undefined for no layer.
   */
  turnIntoLayer(id: string, pack: (diff: WritableDiff) => Promise<Digest | undefined>): Promise<void>;

  /**
   * Lends a view of a layer with all that lies below it, to read, and with nothing in it that belongs to containers. The layer stays
   * meanwhile. @throws EngineError `not-found`.
   */
  withLayer<T>(chainId: Digest, use: (root: string) => Promise<T>): Promise<T>;

  /**
   * Unmounts and removes; missing is no error. It is gone when this resolves, and its id free again; what takes long (the sync at the
   * end of a mount, deleting its files) goes on behind.
   */
  removeWritable(id: string): Promise<void>;

  /** Bytes on disk of what was written. */
  writableSize(id: string): Promise<number>;

  list(): { readonly layers: readonly Digest[]; readonly writables: readonly string[] };

  /** At daemon start: removes temporary folders and mounts that no writable in `keep` explains. */
  sweep(keep: ReadonlySet<string>): Promise<void>;

  /** What `docker info` shows under Storage Driver. */
  status(): readonly (readonly [string, string])[];
}

export interface ImportOptions {
  readonly alone?: boolean;
}

export interface WritableOptions {
  readonly disposable?: boolean;
  readonly remapped?: boolean;
  /** Bytes that may be written to it. */
  readonly limit?: number | undefined;
}

/**
 * `overlay`: a character device 0:0 for a deleted name, `trusted.overlay.opaque` on a folder whose lower content is gone.
 * `plain`: the thing itself is deleted.
 */
export type WhiteoutForm = "overlay" | "plain";

export type LayerFill = (folder: string, below: string | undefined) => Promise<void>;

export interface BorrowedRoot extends Disposable {
  readonly root: string;
}

/** Paths of the host, to read. */
export type WritableDiff =
  /** Only what was written, with `overlay` whiteouts; `below` is all that lies under it, merged. */
  | { readonly kind: "overlay"; readonly changed: string; readonly below: string | undefined }
  /** The whole of it, and the whole of what it was copied from. `own` are paths that the driver itself put there. */
  | { readonly kind: "copy"; readonly changed: string; readonly below: string | undefined; readonly own: readonly string[] };
