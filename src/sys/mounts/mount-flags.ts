import { type ForeignLibrary, openLibrary } from "../ffi.ts";

/** `struct statvfs` of 64-bit glibc: `f_flag` comes after nine words. */
const STATVFS_BYTES = 112;
const FLAG_OFFSET = 72;
const FLAGS = [
  ["ro", 1],
  ["nosuid", 2],
  ["nodev", 4],
  ["noexec", 8],
] as const;

let statvfs: ReturnType<ForeignLibrary["async"]> | undefined;

/** Restrictions of the mount that a path lies on, in the words of mount(8); none of one that cannot be asked. Off the event loop: a file server may be dead. */
export async function mountFlagsOf(path: string): Promise<string[]> {
  statvfs ??= openLibrary("libc.so.6")?.async("int statvfs(const char *path, void *status)");
  const status = Buffer.alloc(STATVFS_BYTES);
  if ((await statvfs?.(path, status)) !== 0) return [];
  const set = status.readUInt32LE(FLAG_OFFSET);
  return FLAGS.filter(([, bit]) => (set & bit) !== 0).map(([name]) => name);
}
