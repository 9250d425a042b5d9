import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { constants, createGunzip, createZstdDecompress } from "node:zlib";
import { EngineError } from "#errors/engine-error.ts";

export type Compression = "none" | "gzip" | "zstd" | "bzip2" | "xz";

const MAGIC: readonly (readonly [Compression, readonly number[]])[] = [
  ["gzip", [0x1f, 0x8b]],
  ["zstd", [0x28, 0xb5, 0x2f, 0xfd]],
  ["bzip2", [0x42, 0x5a, 0x68]],
  ["xz", [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
];
export const MAGIC_LENGTH = 6;

/** Told by the first bytes, never by a name or a media type. */
export function compressionOf(start: Uint8Array): Compression {
  return MAGIC.find(([, magic]) => magic.every((byte, index) => start[index] === byte))?.[0] ?? "none";
}

/**
 * The plain bytes of a stream that may be compressed. zlib works on libuv's threads; a zstd window is at most 128 MB.
 *
 * @throws EngineError `invalid` for a stream that is broken, or compressed in a way that is not supported.
 */
export async function* decompressed(source: AsyncIterable<Uint8Array>, signal: AbortSignal): AsyncGenerator<Buffer> {
  const { start, whole } = await peek(source);
  const compression = compressionOf(start);
  if (compression === "bzip2" || compression === "xz") {
    throw new EngineError("invalid", `archives compressed with ${compression} are not supported: want plain, gzip or zstd`);
  }
  yield* compression === "none" ? whole : inflate(whole, compression, signal);
}

async function* inflate(source: AsyncIterable<Buffer>, compression: "gzip" | "zstd", signal: AbortSignal): AsyncGenerator<Buffer> {
  const limits = { params: { [constants.ZSTD_d_windowLogMax]: 27 } };
  const inflater = compression === "gzip" ? createGunzip() : createZstdDecompress(limits);
  const failed = Promise.withResolvers<never>();
  const feeding = pipeline(Readable.from(source, { objectMode: false }), inflater, { signal }).catch((cause: unknown) => {
    inflater.destroy();
    failed.reject(asEngineError(cause, compression));
  });
  failed.promise.catch(() => undefined);
  try {
    yield* inflater as AsyncIterable<Buffer>;
  } catch (cause) {
    throw asEngineError(cause, compression);
  } finally {
    inflater.destroy();
    await feeding;
  }
}

/** What the source itself threw stays as it is; zlib's own errors are the stream's fault. */
function asEngineError(cause: unknown, compression: string): unknown {
  const isBroken = cause instanceof Error && "code" in cause && /^(Z_|ZSTD_|ERR_ZSTD|ERR_ZLIB)/.test(String(cause.code));
  return isBroken ? new EngineError("invalid", `the ${compression} stream is broken: ${cause.message}`, { cause }) : cause;
}

/** The first bytes, and the stream with them. */
async function peek(source: AsyncIterable<Uint8Array>): Promise<{ start: Buffer; whole: AsyncIterable<Buffer> }> {
  const chunks = source[Symbol.asyncIterator]();
  let start = Buffer.alloc(0);
  while (start.length < MAGIC_LENGTH) {
    const next = await chunks.next();
    if (next.done === true) break;
    start = Buffer.concat([start, next.value]);
  }
  return { start, whole: rest(start, chunks) };
}

async function* rest(start: Buffer, chunks: AsyncIterator<Uint8Array>): AsyncGenerator<Buffer> {
  try {
    if (start.length > 0) yield start;
    for (let next = await chunks.next(); next.done !== true; next = await chunks.next())
      yield Buffer.from(next.value.buffer, next.value.byteOffset, next.value.byteLength);
  } finally {
    await chunks.return?.();
  }
}
