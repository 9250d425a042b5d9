/** How the roots of layers and writables are made and ended where each is a whole file tree. */
export interface RootMaker {
  /** An empty root, at a path where nothing is. */
  make(folder: string): Promise<void>;

  /** A root with all that is in another, at a path where nothing is. */
  copy(from: string, folder: string): Promise<void>;

  /** Removes a folder of the driver with the root that may be in it (`rootIn`). Missing is no error. */
  remove(folder: string): Promise<void>;

  /** Bytes on the disk that are a root's own. */
  measure(root: string): Promise<number>;
}

/** Where a layer's or a writable's root is in its folder. */
export function rootIn(folder: string): string {
  return `${folder}/fs`;
}
