/** A mount or its end, where the kernel may wait for a disk or for another host: on a thread, never on the event loop. */
export type MountJob =
  | {
      readonly kind: "mount";
      readonly source: string;
      readonly target: string;
      readonly type: string;
      readonly flags: number;
      readonly data: string;
      readonly remount: number;
      readonly propagation: number;
    }
  | { readonly kind: "unmount"; readonly target: string };
