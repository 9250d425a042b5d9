import { openLibrary } from "../ffi.ts";

/**
 * Gives back to the kernel what the C library keeps of freed memory, on a thread of the pool: it goes through all of it, for some
 * 10 ms after a busy time. A C library other than glibc has no such function, and nothing happens.
 */
export async function trimMemory(): Promise<void> {
  await trim()?.(0);
}

let found: ((...parameters: unknown[]) => Promise<unknown>) | undefined;

function trim(): typeof found {
  try {
    found ??= openLibrary("libc.so.6")?.async("int malloc_trim(size_t pad)");
  } catch {
    // Without the function.
  }
  return found;
}
