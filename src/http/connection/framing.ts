/**
 * Where a message ends in a stream of bytes, and nothing else: Node's parser judges whether the message is valid. Bytes behind the
 * end are withheld from the parser, because after a hijack they are what the user types, not HTTP.
 */
export interface Framing {
  /** True once the end was seen. */
  readonly done: boolean;
  /** Returns how many bytes of the chunk still belong to the message. */
  consume(chunk: Buffer): number;
}

const CR = 13;
const LF = 10;
const TERMINATOR = [CR, LF, CR, LF] as const;

/** Ends behind the first empty line that follows a request line. */
export class HeadFraming implements Framing {
  done = false;
  #started = false;
  #matched = 0;

  /** False while nothing but the blank lines that may precede a request line has come. */
  get started(): boolean {
    return this.#started;
  }

  consume(chunk: Buffer): number {
    let at = this.#started ? 0 : blankLines(chunk);
    if (at < chunk.length) this.#started = true;
    while (at < chunk.length && !this.done) {
      at = this.#matched === 0 ? this.#findCarriageReturn(chunk, at) : this.#matchNext(chunk, at);
    }
    return at;
  }

  #findCarriageReturn(chunk: Buffer, from: number): number {
    const found = chunk.indexOf(CR, from);
    if (found < 0) return chunk.length;
    this.#matched = 1;
    return found + 1;
  }

  #matchNext(chunk: Buffer, at: number): number {
    const byte = chunk[at];
    if (byte === TERMINATOR[this.#matched]) this.#matched += 1;
    else this.#matched = byte === CR ? 1 : 0;
    this.done = this.#matched === TERMINATOR.length;
    return at + 1;
  }
}

function blankLines(chunk: Buffer): number {
  let at = 0;
  while (chunk[at] === CR || chunk[at] === LF) at += 1;
  return at;
}

/** A body of Content-Length bytes. */
export class LengthFraming implements Framing {
  #left: number;

  constructor(length: number) {
    this.#left = length;
  }

  get done(): boolean {
    return this.#left === 0;
  }

  get left(): number {
    return this.#left;
  }

  consume(chunk: Buffer): number {
    const taken = Math.min(this.#left, chunk.length);
    this.#left -= taken;
    return taken;
  }
}

type ChunkState =
  | { readonly kind: "size"; readonly digits: string; readonly extension: boolean }
  | { readonly kind: "data"; readonly left: number }
  | { readonly kind: "trailer"; readonly length: number }
  | { readonly kind: "end" };

const NEW_CHUNK: ChunkState = { kind: "size", digits: "", extension: false };
const LONGEST_SIZE = 16;

/**
 * A body in chunks, with trailers. What does not look like one is passed on to the last byte: the parser refuses it, and with it
 * the connection.
 */
export class ChunkedFraming implements Framing {
  #state: ChunkState = NEW_CHUNK;

  get done(): boolean {
    return this.#state.kind === "end";
  }

  consume(chunk: Buffer): number {
    let at = 0;
    while (at < chunk.length && this.#state.kind !== "end") at = this.#step(chunk, at, this.#state);
    return at;
  }

  #step(chunk: Buffer, at: number, state: Exclude<ChunkState, { kind: "end" }>): number {
    switch (state.kind) {
      case "size":
        this.#state = afterSizeByte(state, chunk[at] ?? 0);
        return at + 1;
      case "data": {
        const taken = Math.min(state.left, chunk.length - at);
        this.#state = taken === state.left ? NEW_CHUNK : { kind: "data", left: state.left - taken };
        return at + taken;
      }
      case "trailer":
        this.#state = afterTrailerByte(state.length, chunk[at] ?? 0);
        return at + 1;
    }
  }
}

function afterSizeByte(state: { digits: string; extension: boolean }, byte: number): ChunkState {
  if (byte !== LF) {
    const extension = state.extension || byte === CR || byte === 0x3b || byte === 0x20 || byte === 0x09;
    const digits = extension || state.digits.length > LONGEST_SIZE ? state.digits : state.digits + String.fromCharCode(byte);
    return { kind: "size", digits, extension };
  }
  const size = /^[0-9a-f]{1,16}$/i.test(state.digits) ? Number.parseInt(state.digits, 16) : Number.MAX_SAFE_INTEGER;
  // The chunk's own line end is counted with its data.
  return size === 0 ? { kind: "trailer", length: 0 } : { kind: "data", left: size + 2 };
}

function afterTrailerByte(length: number, byte: number): ChunkState {
  if (byte === CR) return { kind: "trailer", length };
  if (byte !== LF) return { kind: "trailer", length: length + 1 };
  return length === 0 ? { kind: "end" } : { kind: "trailer", length: 0 };
}
