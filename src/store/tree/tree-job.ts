/** Work on whole trees, which belongs on a thread: a layer may have a hundred thousand files. */
export type TreeJob =
  /** Removes a folder and all below it. */
  | { readonly kind: "remove"; readonly folder: string }
  /** Bytes on disk of all below a folder. */
  | { readonly kind: "measure"; readonly folder: string }
  /** Bytes that the regular files below the folder hold. */
  | { readonly kind: "content"; readonly folder: string }
  /** Copies what is in a folder into another, which exists, with everything that a file system keeps of it. */
  | { readonly kind: "copy"; readonly from: string; readonly to: string }
  | SubvolumeJob;

/** The same of btrfs, where each tree is a subvolume. */
export type SubvolumeJob =
  /** Makes an empty one, at a path where nothing is. */
  | { readonly kind: "subvolume"; readonly folder: string }
  /** Makes one with all that is in another. */
  | { readonly kind: "snapshot"; readonly from: string; readonly to: string }
  /** Removes one; what is there and is none stays. */
  | { readonly kind: "remove-subvolume"; readonly folder: string }
  /** Bytes on the disk that are its own. */
  | { readonly kind: "measure-subvolume"; readonly folder: string };
