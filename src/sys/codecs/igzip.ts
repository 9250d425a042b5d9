import { gzipSync } from "node:zlib";
import { openLibrary } from "../ffi.ts";
import { CodecError, type NativeStream } from "./native-stream.ts";
import { StructStream } from "./struct-stream.ts";

/**
 * gzip by Intel's ISA-L (libisal2), which inflates more than twice as fast as zlib. Its `struct inflate_state` (igzip_lib.h) is laid
 * out by hand; the soname pins it, and a trial run at the first use proves it: a library that does not give the right answer is not
 * used.
 */
const SONAME = "libisal.so.2";
/** 87,368 in 2.30, and room to grow: the library clears what it knows of. */
const STATE_BYTES = 96 * 1024;
const LAYOUT = { nextOut: 0, availOut: 8, nextIn: 16, availIn: 32, wide: false } as const;
const BLOCK_STATE = 21_160;
const CRC_FLAG = 21_172;
const ISAL_GZIP = 1;
const ISAL_BLOCK_FINISH = 5;

interface Functions {
  readonly init: (state: Buffer) => unknown;
  readonly reset: (state: Buffer) => unknown;
  readonly inflate: (state: Buffer) => Promise<unknown>;
  readonly inflateNow: (state: Buffer) => unknown;
}

/** Undefined when the host has no library that works. Loads it: call this before a thread changes its root. */
export function findIgzip(): { open(): NativeStream } | undefined {
  const library = openLibrary(SONAME);
  if (library === undefined) return undefined;
  const functions: Functions = {
    init: library.sync("void isal_inflate_init(void *state)"),
    reset: library.sync("void isal_inflate_reset(void *state)"),
    inflate: library.async("int isal_inflate(void *state)"),
    inflateNow: library.sync("int isal_inflate(void *state)"),
  };
  return worksAsExpected(functions) ? { open: () => new IgzipStream(functions) } : undefined;
}

function worksAsExpected(functions: Functions): boolean {
  const text = Buffer.from("layer upon layer upon layer");
  const output = Buffer.alloc(text.length + 8);
  const stream = new IgzipStream(functions);
  stream.setInput(gzipSync(text));
  stream.setOutput(output);
  return stream.runNow() === 0 && stream.ended() && stream.inputLeft() === 0 && output.subarray(0, text.length).equals(text);
}

class IgzipStream extends StructStream {
  readonly #functions: Functions;

  constructor(functions: Functions) {
    super(Buffer.alloc(STATE_BYTES), LAYOUT);
    this.#functions = functions;
    functions.init(this.state);
    this.state.writeUInt32LE(ISAL_GZIP, CRC_FLAG);
  }

  async run(): Promise<void> {
    const result = Number(await this.#functions.inflate(this.state));
    if (result < 0) throw new CodecError(`invalid gzip data (ISA-L ${result})`);
  }

  runNow(): number {
    return Number(this.#functions.inflateNow(this.state));
  }

  ended(): boolean {
    return this.state.readUInt32LE(BLOCK_STATE) === ISAL_BLOCK_FINISH;
  }

  /** The next member of the file; what follows and is none fails by its missing header. */
  restart(): void {
    this.#functions.reset(this.state);
    this.state.writeUInt32LE(ISAL_GZIP, CRC_FLAG);
  }
}
