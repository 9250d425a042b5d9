import { gunzipSync } from "node:zlib";
import { addressOf, openLibrary } from "../ffi.ts";
import { CodecError } from "./native-stream.ts";

/**
 * gzip by Intel's ISA-L, some six times as fast as zlib's level 1 for about the same size. `struct isal_zstream` (igzip_lib.h) is laid out
 * by hand, as in igzip.ts, and proved by a trial run in the same way. Every call works on the thread that makes it: for threads of our own.
 */
const SONAME = "libisal.so.2";
/** 262,624 in 2.30, and room to grow: the library clears what it knows of. */
const STATE_BYTES = 512 * 1024;
const LEVEL = 1;
/** The library's own choice for this level. */
const LEVEL_BYTES = 256 * 1024;
const AT = {
  nextIn: 0,
  availIn: 8,
  nextOut: 16,
  availOut: 24,
  level: 40,
  levelBytes: 44,
  levelBuffer: 48,
  endOfStream: 56,
  gzip: 60,
} as const;
const IGZIP_GZIP = 1;

type Call = (state: Buffer) => unknown;

/** One gzip member in the making. The same input in the same pieces gives the same output. */
export interface GzipWriter {
  /** Compresses a piece into `output`, once or more often; `emit` is told each time how many bytes are in it. */
  write(piece: Uint8Array, output: Uint8Array, emit: (length: number) => void): void;
  /** Writes what is left. */
  finish(output: Uint8Array, emit: (length: number) => void): void;
}

/** Undefined when the host has no library that works. */
export function findIgzipDeflate(): { open(): GzipWriter } | undefined {
  const library = openLibrary(SONAME);
  if (library === undefined) return undefined;
  const init = library.sync("void isal_deflate_init(void *stream)");
  const deflate = library.sync("int isal_deflate(void *stream)");
  return worksAsExpected(init, deflate) ? { open: () => new IgzipWriter(init, deflate) } : undefined;
}

function worksAsExpected(init: Call, deflate: Call): boolean {
  const text = Buffer.from("layer upon layer upon layer ".repeat(64));
  const output = Buffer.alloc(64);
  const parts: Buffer[] = [];
  const emit = (length: number): void => void parts.push(Buffer.from(output.subarray(0, length)));
  try {
    const writer = new IgzipWriter(init, deflate);
    writer.write(text.subarray(0, 1000), output, emit);
    writer.write(text.subarray(1000), output, emit);
    writer.finish(output, emit);
    return gunzipSync(Buffer.concat(parts)).equals(text);
  } catch {
    return false;
  }
}

class IgzipWriter implements GzipWriter {
  readonly #state = Buffer.alloc(STATE_BYTES);
  readonly #level = Buffer.alloc(LEVEL_BYTES);
  readonly #deflate: Call;

  constructor(init: Call, deflate: Call) {
    this.#deflate = deflate;
    init(this.#state);
    this.#state.writeUInt32LE(LEVEL, AT.level);
    this.#state.writeUInt32LE(LEVEL_BYTES, AT.levelBytes);
    this.#state.writeBigUInt64LE(addressOf(this.#level), AT.levelBuffer);
    this.#state.writeUInt16LE(IGZIP_GZIP, AT.gzip);
  }

  write(piece: Uint8Array, output: Uint8Array, emit: (length: number) => void): void {
    if (piece.length === 0) return;
    this.#state.writeBigUInt64LE(addressOf(piece), AT.nextIn);
    this.#state.writeUInt32LE(piece.length, AT.availIn);
    this.#run(output, emit);
  }

  finish(output: Uint8Array, emit: (length: number) => void): void {
    this.#state.writeUInt32LE(0, AT.availIn);
    this.#state.writeUInt16LE(1, AT.endOfStream);
    this.#run(output, emit);
  }

  /** Until a call leaves room in the output: then all that is to be said of the input so far is said. */
  #run(output: Uint8Array, emit: (length: number) => void): void {
    for (let left = 0; left === 0;) {
      this.#state.writeBigUInt64LE(addressOf(output), AT.nextOut);
      this.#state.writeUInt32LE(output.length, AT.availOut);
      const result = Number(this.#deflate(this.#state));
      if (result !== 0) throw new CodecError(`compressing failed (ISA-L ${result})`);
      left = this.#state.readUInt32LE(AT.availOut);
      if (left < output.length) emit(output.length - left);
    }
  }
}
