import { SystemCallError } from "#sys/ffi.ts";
import type { TarEntry } from "#lib/tar/entry.ts";

/**
 * Which extended attributes of a layer are kept: file capabilities, and users' own. All others are left out without a word, since
 * builders that ran on an overlay or under SELinux put theirs into honest layers. An overlay's own would make the kernel show another tree than
 * the layer's (a folder emptied, a file redirected to /etc/passwd): a scanner would see one image and the container run another.
 */
export function keepsXattr(name: string): boolean {
  if (name === "security.capability") return true;
  return name.startsWith("user.") && !name.startsWith("user.overlay.") && !name.startsWith("user.fuseoverlayfs.") && name.length <= 255;
}

/** Sets the attributes of an entry that are kept; a file system may have none of their kind. */
export function forEachXattr(entry: Pick<TarEntry, "xattrs">, set: (name: string, value: Buffer) => void): void {
  for (const [name, value] of entry.xattrs) {
    if (!keepsXattr(name)) continue;
    try {
      set(name, Buffer.from(value, "latin1"));
    } catch (error) {
      if (!(error instanceof SystemCallError) || error.code !== "ENOTSUP") throw error;
    }
  }
}
