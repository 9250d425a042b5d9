import { mkdir, rmdir } from "node:fs/promises";
import type { Owner } from "#lib/id-mapping.ts";
import { mount, unmount } from "#sys/mounts/mount.ts";
import { SystemCallError } from "#sys/ffi.ts";

/** /dev/shm of a container that others may join (`--ipc shareable`): a tmpfs of the host, bound into each of them. */
export interface SharedMemory {
  /** @param owner who it belongs to; root without. */
  mount(path: string, bytes: number, owner?: Owner): Promise<void>;
  /** Not mounted is no error. */
  unmount(path: string): Promise<void>;
}

const MS_NOSUID = 2;
const MS_NODEV = 4;
const MS_NOEXEC = 8;

export const hostSharedMemory: SharedMemory = {
  async mount(path, bytes, { uid, gid } = { uid: 0, gid: 0 }) {
    await mkdir(path, { recursive: true, mode: 0o700 });
    const options = `mode=1777,size=${bytes},uid=${uid},gid=${gid}`;
    mount({ source: "shm", target: path, type: "tmpfs", flags: MS_NOSUID | MS_NODEV | MS_NOEXEC, options });
  },
  async unmount(path) {
    try {
      unmount(path);
    } catch (error) {
      if (!(error instanceof SystemCallError) || !["EINVAL", "ENOENT"].includes(error.code)) throw error;
    }
    await rmdir(path).catch(() => undefined);
  },
};
