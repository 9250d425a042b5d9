import type { BodyCoding } from "./byte-source.ts";

/** Takes the coding of a message's body (RFC 9112 §6 and §7.1) off its bytes. */
export interface BodyDecoder {
  /** True once the end was seen. */
  readonly done: boolean;
  /**
   * Looks at the bytes from `from` to `to`, at least one, and goes to the end of the next piece of content. An empty piece is none.
   *
   * @returns where the piece begins and ends. What follows is to be looked at next, and is not the body's when `done`.
   * @throws BodyError.
   */
  next(bytes: Uint8Array, from: number, to: number): { readonly start: number; readonly end: number };
}

/** What comes is no body. */
export class BodyError extends Error {
  override readonly name = "BodyError";
}

export function bodyDecoder(coding: BodyCoding): BodyDecoder {
  return coding.kind === "length" ? new LengthDecoder(coding.bytes) : new ChunkedDecoder();
}

class LengthDecoder implements BodyDecoder {
  #left: number;

  constructor(bytes: number) {
    this.#left = bytes;
  }

  get done(): boolean {
    return this.#left === 0;
  }

  next(_bytes: Uint8Array, from: number, to: number): { start: number; end: number } {
    const end = from + Math.min(this.#left, to - from);
    this.#left -= end - from;
    return { start: from, end };
  }
}

const CR = 13;
const LF = 10;
const SEMICOLON = 0x3b;
/** Fits a safe integer, in hexadecimal digits. */
const LONGEST_SIZE = 13;
/** Of all extensions, and of all trailers, of one body: nobody sends any, and neither may keep a thread busy for nothing. */
const MOST_EXTRA = 16 * 1024;

type ChunkState =
  | "size"
  | "extension"
  | "size-end"
  | "data"
  | "data-cr"
  | "data-lf"
  | "line"
  | "trailer"
  | "trailer-lf"
  | "last-lf"
  | "done";

/** As strict as Node's parser, whose place it takes: no bare line feeds, no signs, no blanks around a size. */
class ChunkedDecoder implements BodyDecoder {
  #state: ChunkState = "size";
  #digits = 0;
  #left = 0;
  #extra = 0;

  get done(): boolean {
    return this.#state === "done";
  }

  next(bytes: Uint8Array, from: number, to: number): { start: number; end: number } {
    for (let at = from; at < to; at++) {
      if (this.#state === "data") return this.#data(at, to);
      this.#byte(bytes[at] as number);
      if (this.done) return { start: at + 1, end: at + 1 };
    }
    return { start: to, end: to };
  }

  #data(start: number, to: number): { start: number; end: number } {
    const end = start + Math.min(this.#left, to - start);
    this.#left -= end - start;
    if (this.#left === 0) this.#state = "data-cr";
    return { start, end };
  }

  #byte(byte: number): void {
    switch (this.#state) {
      case "size":
        this.#size(byte);
        break;
      case "extension":
        if (byte === CR) this.#state = "size-end";
        else this.#more(byte);
        break;
      case "size-end":
        this.#expect(byte, LF, this.#left === 0 ? "line" : "data");
        break;
      case "data-cr":
        this.#expect(byte, CR, "data-lf");
        break;
      case "data-lf":
        this.#expect(byte, LF, "size");
        this.#digits = 0;
        break;
      case "line":
        this.#state = byte === CR ? "last-lf" : "trailer";
        if (byte !== CR) this.#more(byte);
        break;
      case "trailer":
        if (byte === CR) this.#state = "trailer-lf";
        else this.#more(byte);
        break;
      case "trailer-lf":
        this.#expect(byte, LF, "line");
        break;
      case "last-lf":
        this.#expect(byte, LF, "done");
        break;
      case "data":
      case "done":
        throw new Error("these bytes are not for here");
    }
  }

  #size(byte: number): void {
    const digit = hexDigit(byte);
    if (digit === undefined) {
      if (this.#digits === 0 || (byte !== CR && byte !== SEMICOLON)) throw malformed();
      this.#state = byte === CR ? "size-end" : "extension";
      return;
    }
    this.#digits += 1;
    if (this.#digits > LONGEST_SIZE) throw malformed();
    this.#left = this.#left * 16 + digit;
  }

  #expect(byte: number, expected: number, next: ChunkState): void {
    if (byte !== expected) throw malformed();
    this.#state = next;
  }

  #more(byte: number): void {
    this.#extra += 1;
    if (byte === LF || byte === 0 || this.#extra > MOST_EXTRA) throw malformed();
  }
}

function hexDigit(byte: number): number | undefined {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x61 + 10 : undefined;
}

function malformed(): BodyError {
  return new BodyError("the request's body is not in valid chunks");
}
