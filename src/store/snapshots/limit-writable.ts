import { EngineError } from "#errors/engine-error.ts";
import { limitFolder } from "#sys/quota/limit-folder.ts";

/**
 * Limits what an empty folder, and all that will be made in it, may hold.
 *
 * @throws EngineError `invalid` with dockerd's text where the file system does not count.
 */
export function limitWritable(folder: string, bytes: number): void {
  try {
    limitFolder(folder, bytes);
  } catch (cause) {
    throw new EngineError("invalid", UNLIMITED, { cause });
  }
}

export const UNLIMITED = "--storage-opt is supported only for overlay over xfs with 'pquota' mount option";
