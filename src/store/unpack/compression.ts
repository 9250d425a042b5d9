import { EngineError } from "#errors/engine-error.ts";

export type Compression = "none" | "gzip" | "zstd" | "xz" | "bzip2";

/** As many bytes as it takes to tell. */
export const LONGEST_MAGIC = 6;

const magics: readonly (readonly [Compression, readonly number[]])[] = [
  ["gzip", [0x1f, 0x8b]],
  ["zstd", [0x28, 0xb5, 0x2f, 0xfd]],
  ["xz", [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
  ["bzip2", [0x42, 0x5a, 0x68]],
];

/** Tells by the first bytes. What is none of these is taken for a bare archive, whose checksums will say so if it is not. */
export function compressionOf(start: Uint8Array): Compression {
  const found = magics.find(([, magic]) => magic.every((byte, at) => start[at] === byte));
  if (found !== undefined) return found[0];
  return isSkippableZstdFrame(start) ? "zstd" : "none";
}

function isSkippableZstdFrame(start: Uint8Array): boolean {
  return ((start[0] ?? 0) & 0xf0) === 0x50 && start[1] === 0x2a && start[2] === 0x4d && start[3] === 0x18;
}

export function unreadable(compression: Compression): EngineError {
  return new EngineError("not-implemented", `this host has no library that reads ${compression}`);
}
