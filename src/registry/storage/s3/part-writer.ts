import type { Bucket, Part } from "./bucket.ts";

/** An object that grows, as far as it has come: enough for another process to go on with it. */
export interface PartState {
  /** Undefined as long as all of it fits into the rest. */
  readonly id: string | undefined;
  readonly parts: readonly Part[];
  /** Bytes behind the parts: too few for a part. */
  readonly rest: number;
}

export interface PartWriterOptions {
  readonly partBytes: number;
  /** Is told that parts have begun, before there is one: what nobody knows of would stay in the bucket for ever. */
  readonly onBegun?: (id: string) => Promise<void>;
}

/**
 * Writes an object in parts, as its bytes come: one part is on its way while the next one is gathered, so two parts are the most that is in
 * memory. What is smaller than a part is written at once, at the end.
 */
export class PartWriter {
  readonly #bucket: Bucket;
  readonly #key: string;
  readonly #options: PartWriterOptions;
  readonly #parts: Part[];
  #id: string | undefined;
  #rest: Uint8Array[] = [];
  #restBytes = 0;
  #sending: Promise<void> = Promise.resolve();
  #sendingBytes = 0;

  constructor(bucket: Bucket, key: string, options: PartWriterOptions, from?: { readonly state: PartState; readonly rest: Buffer }) {
    this.#bucket = bucket;
    this.#key = key;
    this.#options = options;
    this.#id = from?.state.id;
    this.#parts = [...(from?.state.parts ?? [])];
    if (from !== undefined) this.#gather(from.rest);
  }

  get state(): PartState {
    return { id: this.#id, parts: [...this.#parts], rest: this.#restBytes };
  }

  /** Bytes that are in the bucket, or in memory to be written with the next part. */
  get size(): number {
    return this.#parts.reduce((sum, { size }) => sum + size, 0) + this.#sendingBytes + this.#restBytes;
  }

  /** What is too little for a part. */
  get rest(): Buffer {
    return Buffer.concat(this.#rest);
  }

  async add(chunk: Uint8Array): Promise<void> {
    const { partBytes } = this.#options;
    for (let at = 0; at < chunk.length;) {
      const taken = chunk.subarray(at, at + partBytes - this.#restBytes);
      this.#gather(taken);
      at += taken.length;
      if (this.#restBytes === partBytes) await this.#sendPart();
    }
  }

  /** Waits for the part that is on its way. @throws why it did not get there: then it and all behind it do not count. */
  async settle(): Promise<void> {
    try {
      await this.#sending;
    } finally {
      this.#sending = Promise.resolve();
    }
  }

  /** Makes it an object. */
  async finish(): Promise<void> {
    await this.settle();
    if (this.#id === undefined) return this.#bucket.put(this.#key, this.rest);
    if (this.#restBytes > 0) await this.#sendPart();
    await this.settle();
    await this.#bucket.endParts(this.#key, this.#id, this.#parts);
    this.#id = undefined;
  }

  /** Takes back what is not an object yet. */
  async drop(): Promise<void> {
    await this.settle().catch(() => undefined);
    if (this.#id !== undefined) await this.#bucket.dropParts(this.#key, this.#id);
    this.#id = undefined;
  }

  #gather(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#rest.push(bytes);
    this.#restBytes += bytes.length;
  }

  async #sendPart(): Promise<void> {
    await this.settle();
    const bytes = this.rest;
    this.#rest = [];
    this.#restBytes = 0;
    this.#sendingBytes = bytes.length;
    this.#sending = this.#send(bytes);
    // Whoever waits next is told; until then it must not be nobody's.
    this.#sending.catch(() => undefined);
  }

  async #send(bytes: Buffer): Promise<void> {
    try {
      this.#id ??= await this.#begin();
      this.#parts.push(await this.#bucket.putPart(this.#key, this.#id, this.#parts.length + 1, bytes));
    } catch (error) {
      this.#rest = [];
      this.#restBytes = 0;
      throw error;
    } finally {
      this.#sendingBytes = 0;
    }
  }

  async #begin(): Promise<string> {
    const id = await this.#bucket.beginParts(this.#key);
    await this.#options.onBegun?.(id);
    return id;
  }
}
