import { close, constants, openSync } from "node:fs";
import { checked, libc } from "../ffi.ts";

const mount2 = libc("int mount(const char *source, const char *target, const char *type, unsigned long flags, const char *data)");
const umount2 = libc("int umount2(const char *target, int flags)");

const MNT_DETACH = 2;
const UMOUNT_NOFOLLOW = 8;
const O_PATH = 0x20_0000;

/** Options that all of mount(2)'s one page has to hold, with the NUL at its end. */
export const MOST_MOUNT_OPTIONS = 4095;

export interface MountRequest {
  readonly source: string;
  readonly target: string;
  readonly type: string;
  readonly flags?: number;
  readonly options?: string;
}

/** @throws SystemCallError; RangeError when the options are longer than the kernel takes (it would cut them without a word). */
export function mount({ source, target, type, flags = 0, options = "" }: MountRequest): void {
  if (Buffer.byteLength(options) > MOST_MOUNT_OPTIONS) throw new RangeError(`mount options of ${target} are longer than one page`);
  checked("mount", mount2(source, target, type, flags, options), target);
}

/** Unmounts at once, which may sync a whole file system: for what has nothing to write. */
export function unmount(target: string): void {
  checked("umount2", umount2(target, UMOUNT_NOFOLLOW), target);
}

/**
 * Takes a mount out of the name space at once, without the sync that an overlay's end costs (15 to 400 ms). That happens when the
 * last reference goes: the function that is returned drops it on a thread of libuv's pool, and resolves when all is written.
 *
 * @throws SystemCallError `EINVAL` when nothing is mounted there.
 */
export function detachMount(target: string): () => Promise<void> {
  const handle = openSync(target, O_PATH | constants.O_NOFOLLOW);
  const release = (): Promise<void> =>
    new Promise((resolve, reject) => {
      close(handle, (error) => {
        if (error) reject(error);
        else resolve();
      });
    });
  try {
    checked("umount2", umount2(target, MNT_DETACH | UMOUNT_NOFOLLOW), target);
  } catch (error) {
    void release();
    throw error;
  }
  return release;
}
