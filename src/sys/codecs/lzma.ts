import { openLibrary } from "../ffi.ts";
import { CodecError, type NativeStream } from "./native-stream.ts";
import { StructStream } from "./struct-stream.ts";

/**
 * xz by liblzma, in the process: no program is looked up or started for it (CVE-2014-9357 was an `xz` found inside the image).
 * `lzma_stream` (lzma/base.h) is public and has not changed since 5.0.
 */
const SONAME = "liblzma.so.5";
const STATE_BYTES = 136;
const LAYOUT = { nextIn: 0, availIn: 8, nextOut: 24, availOut: 32, wide: true } as const;
const LZMA_RUN = 0;
const LZMA_OK = 0;
const LZMA_STREAM_END = 1;
const LZMA_MEMLIMIT_ERROR = 6;
const LZMA_BUF_ERROR = 10;
/** Enough for `xz -9`, whose dictionary is 64 MiB. */
const MEMORY_LIMIT = 128 * 1024 * 1024;

interface Functions {
  readonly init: (state: Buffer, memoryLimit: number, flags: number) => unknown;
  readonly code: (state: Buffer, action: number) => Promise<unknown>;
  readonly end: (state: Buffer) => unknown;
}

/** Undefined when the host has no liblzma. Loads it: call this before a thread changes its root. */
export function findLzma(): { open(): NativeStream } | undefined {
  const library = openLibrary(SONAME);
  if (library === undefined) return undefined;
  const functions: Functions = {
    init: library.sync("int lzma_stream_decoder(void *stream, uint64_t memory, uint32_t flags)"),
    code: library.async("int lzma_code(void *stream, int action)"),
    end: library.sync("void lzma_end(void *stream)"),
  };
  return { open: () => new LzmaStream(functions) };
}

class LzmaStream extends StructStream {
  readonly #functions: Functions;
  #ended = false;

  constructor(functions: Functions) {
    super(Buffer.alloc(STATE_BYTES), LAYOUT);
    this.#functions = functions;
    this.#init();
  }

  async run(): Promise<void> {
    const result = Number(await this.#functions.code(this.state, LZMA_RUN));
    if (result === LZMA_MEMLIMIT_ERROR) throw new CodecError(`xz data needs more than ${MEMORY_LIMIT >> 20} MiB of memory`);
    if (result !== LZMA_OK && result !== LZMA_STREAM_END && result !== LZMA_BUF_ERROR) {
      throw new CodecError(`invalid xz data (liblzma ${result})`);
    }
    this.#ended = result === LZMA_STREAM_END;
  }

  ended(): boolean {
    return this.#ended;
  }

  restart(): void {
    this.#functions.end(this.state);
    this.#init();
  }

  override free(): void {
    this.#functions.end(this.state);
    super.free();
  }

  #init(): void {
    this.#ended = false;
    if (Number(this.#functions.init(this.state, MEMORY_LIMIT, 0)) !== LZMA_OK) throw new CodecError("liblzma did not start");
  }
}
