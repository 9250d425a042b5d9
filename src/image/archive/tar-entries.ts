import { EngineError, messageOf } from "#errors/engine-error.ts";
import { forEachEntry as walk, type EntryHandler } from "#lib/tar/entries.ts";
import { TarError } from "#lib/tar/entry.ts";

/**
 * Walks an archive that streams in, as `lib/tar/entries.ts` does.
 *
 * @throws EngineError `invalid` when it is no archive, or breaks off.
 */
export async function forEachEntry(source: AsyncIterable<Buffer>, handle: EntryHandler): Promise<void> {
  try {
    await walk(source, handle);
  } catch (cause) {
    throw cause instanceof TarError ? new EngineError("invalid", `invalid archive: ${messageOf(cause)}`, { cause }) : cause;
  }
}
