import { gunzipSync } from "node:zlib";
import { addressOf, openLibrary } from "../ffi.ts";
import { CodecError } from "./native-stream.ts";

/**
 * gzip by Intel's ISA-L, some six times as fast as zlib's level 1 for about the same size. `struct isal_zstream` (igzip_lib.h) is laid out
 * by hand, as in igzip.ts, and proved by a trial run in the same way.
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

type Deflate<Result> = (state: Buffer) => Result;

/** Makes gzip members, one after the other; for several at once take several. */
export interface GzipMembers {
  /**
   * Compresses all of `input` into `output`, which has `roomFor` it, on a thread of libuv's pool. Neither may be touched meanwhile. The same
   * input gives the same member.
   *
   * @returns the member's length.
   */
  write(input: Uint8Array, output: Uint8Array): Promise<number>;
}

/** What a member may need: nine bits for a byte that is not to be compressed, headers, and what the library holds back. */
export function roomFor(inputBytes: number): number {
  return Math.ceil((inputBytes * 9) / 8) + 64 * 1024;
}

/** Undefined when the host has no library that works. */
export function findIgzipDeflate(): { open(): GzipMembers } | undefined {
  const library = openLibrary(SONAME);
  if (library === undefined) return undefined;
  const init = library.sync("void isal_deflate_init(void *stream)");
  const prototype = "int isal_deflate(void *stream)";
  if (!worksAsExpected(init, library.sync(prototype))) return undefined;
  const deflate = library.async(prototype);
  return {
    open() {
      const member = new Member(init);
      return { write: async (input, output) => member.end(await deflate(member.begin(input, output)), output) };
    },
  };
}

function worksAsExpected(init: Deflate<unknown>, deflate: Deflate<unknown>): boolean {
  const text = Buffer.from("layer upon layer upon layer ".repeat(64));
  const output = Buffer.alloc(roomFor(text.length));
  try {
    const member = new Member(init);
    const length = member.end(deflate(member.begin(text, output)), output);
    return gunzipSync(output.subarray(0, length)).equals(text);
  } catch {
    return false;
  }
}

class Member {
  readonly #init: Deflate<unknown>;
  readonly #state = Buffer.alloc(STATE_BYTES);
  readonly #level = Buffer.alloc(LEVEL_BYTES);

  constructor(init: Deflate<unknown>) {
    this.#init = init;
  }

  /** @returns what the library has to be called with. */
  begin(input: Uint8Array, output: Uint8Array): Buffer {
    const state = this.#state;
    this.#init(state);
    state.writeUInt32LE(LEVEL, AT.level);
    state.writeUInt32LE(LEVEL_BYTES, AT.levelBytes);
    state.writeBigUInt64LE(addressOf(this.#level), AT.levelBuffer);
    state.writeUInt16LE(IGZIP_GZIP, AT.gzip);
    state.writeUInt16LE(1, AT.endOfStream);
    // Of no bytes there is no address, and none is needed.
    if (input.length > 0) state.writeBigUInt64LE(addressOf(input), AT.nextIn);
    state.writeUInt32LE(input.length, AT.availIn);
    state.writeBigUInt64LE(addressOf(output), AT.nextOut);
    state.writeUInt32LE(output.length, AT.availOut);
    return state;
  }

  /** @returns the member's length. */
  end(result: unknown, output: Uint8Array): number {
    const [unread, left] = [this.#state.readUInt32LE(AT.availIn), this.#state.readUInt32LE(AT.availOut)];
    // Without room left it may have more to say.
    if (Number(result) !== 0 || unread > 0 || left === 0) throw new CodecError(`compressing failed (ISA-L ${Number(result)})`);
    return output.length - left;
  }
}
