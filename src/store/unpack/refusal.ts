import { EngineError, isEngineError, messageOf } from "#errors/engine-error.ts";
import { shownPath, type BytePath } from "#lib/byte-path.ts";
import { CodecError } from "#sys/codecs/native-stream.ts";
import { SystemCallError } from "#sys/ffi.ts";
import { isFullDisk } from "../full-disk.ts";
import { TarError } from "#lib/tar/entry.ts";

const LONGEST_SHOWN = 200;
/** errno values that say something of the host, and nothing of the layer. */
const hostFaults = new Set(["EIO", "EROFS", "EMFILE", "ENFILE", "ENOMEM", "EACCES"]);

/** The layer is at fault; the entry is named, with control characters escaped. */
export function refusal(path: BytePath, reason: string, cause?: unknown): EngineError {
  const name = JSON.stringify(shownPath(path).slice(0, LONGEST_SHOWN));
  return new EngineError("invalid", `invalid layer: ${name}: ${reason}`, { code: "invalid-layer", cause });
}

/** What writing an entry threw, in the engine's words. */
export function entryError(path: BytePath, error: unknown): unknown {
  if (isEngineError(error) || isFullDisk(error)) return error;
  if (!(error instanceof SystemCallError) || hostFaults.has(error.code)) return error;
  return refusal(path, error.message, error);
}

/** What reading the archive threw. */
export function archiveError(error: unknown): unknown {
  const damaged = error instanceof TarError || isDamagedStream(error);
  return damaged ? new EngineError("invalid", `invalid layer: ${messageOf(error)}`, { code: "invalid-layer", cause: error }) : error;
}

/** Of what `decompress` throws: the compressed bytes are at fault. */
export function isDamagedStream(error: unknown): error is Error {
  return error instanceof CodecError || isNodeZlibError(error);
}

function isNodeZlibError(error: unknown): boolean {
  return error instanceof Error && "code" in error && typeof error.code === "string" && /^(?:Z_|ZSTD_|ERR_TRAILING_JUNK)/.test(error.code);
}
