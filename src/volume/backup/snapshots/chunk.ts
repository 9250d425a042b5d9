import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { zstdCompress, zstdDecompress } from "node:zlib";
import { EngineError } from "#errors/engine-error.ts";

/** More than any chunk is, compressed or not. */
export const LARGEST_CHUNK = 8 * 1024 * 1024;

// Promisified when it is asked for: a start of the daemon has no use for the module.
export function compressChunk(bytes: Uint8Array): Promise<Buffer> {
  return promisify(zstdCompress)(bytes);
}

/** @throws Error for what is damaged, or larger than a chunk. */
export function decompressChunk(bytes: Uint8Array): Promise<Buffer> {
  return promisify(zstdDecompress)(bytes, { maxOutputLength: LARGEST_CHUNK });
}

/** 64 hexadecimal digits. */
export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

export function damaged(reason: string, cause?: unknown): EngineError {
  return new EngineError("system", `the snapshot is damaged: ${reason}`, { cause });
}
