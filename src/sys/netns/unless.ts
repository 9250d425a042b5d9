import { SystemCallError } from "#sys/ffi.ts";

/** Does `work`; undefined when it fails with that one code. */
export function unless<T>(code: string, work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof SystemCallError && error.code === code) return undefined;
    throw error;
  }
}
