import { openLibrary } from "../ffi.ts";
import { CodecError, type NativeStream } from "./native-stream.ts";
import { StructStream } from "./struct-stream.ts";

/** bzip2 by libbz2, in the process. `bz_stream` (bzlib.h) has not changed since 1.0. */
const SONAME = "libbz2.so.1.0";
const STATE_BYTES = 80;
const LAYOUT = { nextIn: 0, availIn: 8, nextOut: 24, availOut: 32, wide: false } as const;
const BZ_OK = 0;
const BZ_STREAM_END = 4;

interface Functions {
  readonly init: (state: Buffer, verbosity: number, small: number) => unknown;
  readonly decompress: (state: Buffer) => Promise<unknown>;
  readonly end: (state: Buffer) => unknown;
}

/** Undefined when the host has no libbz2. Loads it: call this before a thread changes its root. */
export function findBzip2(): { open(): NativeStream } | undefined {
  const library = openLibrary(SONAME);
  if (library === undefined) return undefined;
  const functions: Functions = {
    init: library.sync("int BZ2_bzDecompressInit(void *stream, int verbosity, int small)"),
    decompress: library.async("int BZ2_bzDecompress(void *stream)"),
    end: library.sync("int BZ2_bzDecompressEnd(void *stream)"),
  };
  return { open: () => new Bzip2Stream(functions) };
}

class Bzip2Stream extends StructStream {
  readonly #functions: Functions;
  #ended = false;

  constructor(functions: Functions) {
    super(Buffer.alloc(STATE_BYTES), LAYOUT);
    this.#functions = functions;
    this.#init();
  }

  async run(): Promise<void> {
    const result = Number(await this.#functions.decompress(this.state));
    if (result !== BZ_OK && result !== BZ_STREAM_END) throw new CodecError(`invalid bzip2 data (libbz2 ${result})`);
    this.#ended = result === BZ_STREAM_END;
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
    if (Number(this.#functions.init(this.state, 0, 0)) !== BZ_OK) throw new CodecError("libbz2 did not start");
  }
}
