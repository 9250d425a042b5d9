import { EngineError } from "#errors/engine-error.ts";

const CONTROL: Readonly<Record<string, number>> = { "@": 0, "[": 27, "\\": 28, "]": 29, "^": 30, _: 31 };

const DEFAULT_DETACH_KEYS = "ctrl-p,ctrl-q";

/**
 * Parses `ctrl-p,ctrl-q` or `a,ctrl-\` to the bytes that a terminal sends for it; empty text is the default.
 *
 * @throws EngineError `invalid` with Docker's text.
 */
export function parseDetachKeys(text: string): Uint8Array {
  const bytes = (text === "" ? DEFAULT_DETACH_KEYS : text).split(",").map(keyByte);
  if (bytes.includes(undefined)) throw new EngineError("invalid", `Invalid detach keys (${text}) provided`);
  return Uint8Array.from(bytes as number[]);
}

function keyByte(key: string): number | undefined {
  if (key.length === 1) return key.charCodeAt(0) < 256 ? key.charCodeAt(0) : undefined;
  const control = /^ctrl-(.)$/i.exec(key)?.[1];
  if (control === undefined) return key.toUpperCase() === "DEL" ? 127 : undefined;
  if (/[a-z]/i.test(control)) return control.toLowerCase().charCodeAt(0) - 96;
  return CONTROL[control];
}

/**
 * Looks for the detach keys in what a client types, chunk by chunk. A beginning of the keys is held back until it is clear that it
 * is none: then it is passed on.
 */
export class DetachFilter {
  readonly #keys: Uint8Array;
  #matched = 0;

  constructor(keys: Uint8Array) {
    this.#keys = keys;
  }

  /** What is to be passed on, and whether the keys were pressed; what follows them is dropped. */
  push(data: Uint8Array): { readonly data: Uint8Array; readonly detached: boolean } {
    const kept = Buffer.allocUnsafe(this.#matched + data.length);
    let length = 0;
    for (const byte of data) {
      length = this.#step(byte, kept, length);
      if (this.#matched === this.#keys.length) return { data: kept.subarray(0, length), detached: true };
    }
    return { data: kept.subarray(0, length), detached: false };
  }

  /** The length of `kept` after this byte. A sequence that fails may have another beginning inside: keys `a,a,b` in `aaab`. */
  #step(byte: number, kept: Buffer, length: number): number {
    let at = length;
    while (this.#matched > 0 && byte !== this.#keys[this.#matched]) {
      const shorter = this.#longestBorder(this.#matched);
      for (let index = 0; index < this.#matched - shorter; index += 1) kept[at++] = this.#keys[index] ?? 0;
      this.#matched = shorter;
    }
    if (byte === this.#keys[this.#matched]) this.#matched += 1;
    else kept[at++] = byte;
    return at;
  }

  /** The longest proper beginning of the keys that ends their first `length` bytes. */
  #longestBorder(length: number): number {
    for (let border = length - 1; border > 0; border -= 1) {
      const isBorder = this.#keys.subarray(0, border).every((key, index) => key === this.#keys[length - border + index]);
      if (isBorder) return border;
    }
    return 0;
  }
}
