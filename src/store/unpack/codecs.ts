import { pipeline } from "node:stream/promises";
import type { Transform } from "node:stream";
import { constants, createGunzip, createZstdDecompress } from "node:zlib";
import { findBzip2 } from "#sys/codecs/bzip2.ts";
import { findIgzip } from "#sys/codecs/igzip.ts";
import { findLzma } from "#sys/codecs/lzma.ts";
import { CodecError, decodeNatively } from "#sys/codecs/native-stream.ts";
import type { Compression } from "./compression.ts";

export type Decoder = (source: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>;

const CHUNK = 512 * 1024;
/** 128 MiB: what `zstd --long` writes. A frame may ask for gigabytes. */
const LARGEST_ZSTD_WINDOW_LOG = 27;

/**
 * A decoder for each compression that this host can read. Nothing here starts a program; what is loaded is loaded now, so that a
 * thread can change its root afterwards.
 */
export function loadDecoders(): ReadonlyMap<Compression, Decoder> {
  const igzip = findIgzip();
  const lzma = findLzma();
  const bzip2 = findBzip2();
  const decoders = new Map<Compression, Decoder>([
    ["none", (source) => source],
    ["gzip", igzip === undefined ? gunzipByNode : (source) => decodeNatively(source, igzip.open())],
    ["zstd", unzstdByNode],
  ]);
  if (lzma !== undefined) decoders.set("xz", (source) => decodeNatively(source, lzma.open()));
  if (bzip2 !== undefined) decoders.set("bzip2", (source) => decodeNatively(source, bzip2.open()));
  return decoders;
}

/** zlib, on libuv's pool; for hosts without ISA-L. */
export async function* gunzipByNode(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  const gunzip = createGunzip({ chunkSize: CHUNK });
  const fed = { bytes: 0 };
  yield* through(counting(source, fed), gunzip);
  // Node reads member after member and stops without a word at what is none; ISA-L and Go's reader refuse it.
  if (gunzip.bytesWritten < fed.bytes) throw new CodecError("invalid gzip data: something else follows it");
}

async function* unzstdByNode(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  const params = { [constants.ZSTD_d_windowLogMax]: LARGEST_ZSTD_WINDOW_LOG };
  const options = { chunkSize: CHUNK, params, rejectGarbageAfterEnd: true };
  yield* through(counting(source, { bytes: 0 }), createZstdDecompress(options));
}

async function* through(source: AsyncIterable<Uint8Array>, transform: Transform): AsyncGenerator<Uint8Array, void, undefined> {
  // Its failure reaches the reader through the transform, which is destroyed with it.
  const feeding = pipeline(source, transform).catch(() => undefined);
  try {
    for await (const piece of transform) yield piece as Buffer;
  } finally {
    transform.destroy();
    await feeding;
  }
}

/** Copies, too: a stream holds several pieces at once, and the source's are only good until the next. */
async function* counting(source: AsyncIterable<Uint8Array>, fed: { bytes: number }): AsyncGenerator<Buffer, void, undefined> {
  for await (const piece of source) {
    fed.bytes += piece.length;
    yield Buffer.from(piece);
  }
}
