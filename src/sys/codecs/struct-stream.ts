import { addressOf } from "../ffi.ts";
import type { NativeStream } from "./native-stream.ts";

/** Where a library's stream structure keeps its buffers. */
export interface StreamLayout {
  readonly nextIn: number;
  readonly availIn: number;
  readonly nextOut: number;
  readonly availOut: number;
  /** Lengths of 64 bits instead of 32. */
  readonly wide: boolean;
}

/** The part of a `NativeStream` that zlib's descendants have in common: a structure with two pointers and two lengths. */
export abstract class StructStream implements NativeStream {
  protected readonly state: Buffer;
  readonly #layout: StreamLayout;
  /** Keeps alive what the structure points to. */
  #input: Uint8Array | undefined;
  #output: Uint8Array | undefined;

  constructor(state: Buffer, layout: StreamLayout) {
    this.state = state;
    this.#layout = layout;
  }

  abstract run(): Promise<void>;
  abstract ended(): boolean;
  abstract restart(): void;

  setInput(bytes: Uint8Array): void {
    this.#input = bytes;
    this.state.writeBigUInt64LE(addressOf(bytes), this.#layout.nextIn);
    this.#writeLength(bytes.length, this.#layout.availIn);
  }

  setOutput(bytes: Uint8Array): void {
    this.#output = bytes;
    this.state.writeBigUInt64LE(addressOf(bytes), this.#layout.nextOut);
    this.#writeLength(bytes.length, this.#layout.availOut);
  }

  inputLeft(): number {
    return this.#input === undefined ? 0 : this.state.readUInt32LE(this.#layout.availIn);
  }

  outputLeft(): number {
    return this.#output === undefined ? 0 : this.state.readUInt32LE(this.#layout.availOut);
  }

  free(): void {
    this.#input = undefined;
    this.#output = undefined;
  }

  #writeLength(length: number, offset: number): void {
    this.state.writeUInt32LE(length, offset);
    if (this.#layout.wide) this.state.writeUInt32LE(0, offset + 4);
  }
}
