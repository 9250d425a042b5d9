import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { openLibrary } from "../ffi.ts";

let syncfs: ((fd: number) => Promise<unknown>) | undefined;

/** Writes out everything of the file system that a folder is on, waiting on a thread of libuv's pool: seconds on a busy disk. */
export async function syncFileSystem(folder: string): Promise<void> {
  syncfs ??= openLibrary("libc.so.6")?.async("int syncfs(int fd)");
  await using handle = await open(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  if (Number(await syncfs?.(handle.fd)) !== 0) throw new Error(`the file system of ${folder} could not be synced`);
}
