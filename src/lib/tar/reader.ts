import { shownPath } from "../byte-path.ts";
import { TarError, type TarEntry, type TarSink } from "./entry.ts";
import { entryOf, nothingExtended, sizeOf, type Extended } from "./extended.ts";
import { BLOCK, isZeroBlock, readHeader, type Header } from "./header.ts";
import { readPaxRecords } from "./pax.ts";

/** Names and attributes beyond this are nobody's: the bound on what one extended header makes us hold. */
const LARGEST_EXTENDED = 1024 * 1024;

type MetaType = "pax" | "longPath" | "longTarget" | "ignored";
/** `g`, the global header, is read over as Docker does: git writes its commit there, and nothing of it belongs to an entry. */
const metaTypes: Readonly<Record<string, MetaType>> = { x: "pax", X: "pax", L: "longPath", K: "longTarget", g: "ignored", V: "ignored" };

type State =
  | { readonly kind: "header" }
  | { readonly kind: "data"; left: number; readonly padding: number }
  | { readonly kind: "meta"; readonly type: MetaType; readonly body: Buffer; filled: number; readonly padding: number }
  | { readonly kind: "padding"; left: number }
  /** One block of zeros was seen; a second one is the end. */
  | { readonly kind: "ending" }
  | { readonly kind: "ended" };

/**
 * Takes a tar stream in pieces of any size and gives its entries to a sink, in the same call: no promise and no copy for an entry.
 * Memory is bounded by one block and one extended header.
 */
export class TarReader {
  readonly #sink: TarSink;
  #state: State = { kind: "header" };
  #extended: Extended = nothingExtended;
  /** The start of a block whose rest has not come yet. */
  readonly #partial = Buffer.alloc(BLOCK);
  #partialLength = 0;

  constructor(sink: TarSink) {
    this.#sink = sink;
  }

  /** @throws TarError naming the entry it is about, or what the sink throws. */
  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) at += this.#take(chunk, at);
  }

  /**
   * The stream has ended. As Go's reader, takes an archive without its closing zeros, and without those that fill up the last file's
   * block: docker's own client sends one when the Dockerfile lies outside of the context. @throws TarError inside an entry.
   */
  finish(): void {
    const cut = this.#state.kind === "data" || this.#state.kind === "meta";
    if (cut || this.#partialLength > 0 || this.#extended !== nothingExtended) throw new TarError("unexpected end of the archive");
  }

  /** Uses up a part of the chunk; says how much. */
  #take(chunk: Buffer, at: number): number {
    const state = this.#state;
    switch (state.kind) {
      case "header":
      case "ending":
        return this.#takeBlock(chunk, at, state.kind);
      case "data":
        return this.#takeData(chunk, at, state);
      case "meta":
        return this.#takeMeta(chunk, at, state);
      case "padding": {
        const length = Math.min(state.left, chunk.length - at);
        state.left -= length;
        if (state.left === 0) this.#state = { kind: "header" };
        return length;
      }
      case "ended":
        // What follows the end is hashed with the rest, by digest and diff id alike, and means nothing.
        return chunk.length - at;
    }
  }

  #takeBlock(chunk: Buffer, at: number, kind: "header" | "ending"): number {
    if (this.#partialLength === 0 && chunk.length - at >= BLOCK) {
      this.#onBlock(chunk.subarray(at, at + BLOCK), kind);
      return BLOCK;
    }
    const length = Math.min(BLOCK - this.#partialLength, chunk.length - at);
    chunk.copy(this.#partial, this.#partialLength, at, at + length);
    this.#partialLength += length;
    if (this.#partialLength === BLOCK) {
      this.#partialLength = 0;
      this.#onBlock(this.#partial, kind);
    }
    return length;
  }

  #onBlock(block: Buffer, kind: "header" | "ending"): void {
    if (isZeroBlock(block)) {
      this.#state = kind === "header" ? { kind: "ending" } : { kind: "ended" };
      return;
    }
    if (kind === "ending") throw new TarError("a header follows a block of zeros");
    this.#onHeader(readHeader(block));
  }

  #onHeader(header: Header): void {
    const meta = metaTypes[header.type];
    if (meta !== undefined) this.#startMeta(header, meta);
    else
      naming(header, this.#extended, () => {
        this.#startEntry(entryOf(header, this.#extended));
      });
  }

  #startMeta(header: Header, type: MetaType): void {
    const size = sizeOf(header, nothingExtended.pax);
    if (size > LARGEST_EXTENDED) throw new TarError(`an extended header of ${size} bytes is too large`);
    this.#state = { kind: "meta", type, body: Buffer.alloc(size), filled: 0, padding: paddingOf(size) };
    if (size === 0) this.#endMeta(type, Buffer.alloc(0), 0);
  }

  #startEntry(entry: TarEntry): void {
    this.#extended = nothingExtended;
    this.#sink.entry(entry);
    if (entry.type !== "file") this.#state = { kind: "header" };
    else if (entry.size > 0) this.#state = { kind: "data", left: entry.size, padding: paddingOf(entry.size) };
    else this.#endData(0);
  }

  #takeData(chunk: Buffer, at: number, state: State & { kind: "data" }): number {
    const length = Math.min(state.left, chunk.length - at);
    this.#sink.data(at === 0 && length === chunk.length ? chunk : chunk.subarray(at, at + length));
    state.left -= length;
    if (state.left === 0) this.#endData(state.padding);
    return length;
  }

  #endData(padding: number): void {
    this.#sink.end();
    this.#afterContent(padding);
  }

  #takeMeta(chunk: Buffer, at: number, state: State & { kind: "meta" }): number {
    const length = Math.min(state.body.length - state.filled, chunk.length - at);
    chunk.copy(state.body, state.filled, at, at + length);
    state.filled += length;
    if (state.filled === state.body.length) this.#endMeta(state.type, state.body, state.padding);
    return length;
  }

  #endMeta(type: MetaType, body: Buffer, padding: number): void {
    this.#afterContent(padding);
    if (type === "pax") this.#extended = { ...this.#extended, pax: readPaxRecords(body) };
    if (type === "longPath") this.#extended = { ...this.#extended, longPath: untilNul(body) };
    if (type === "longTarget") this.#extended = { ...this.#extended, longTarget: untilNul(body) };
  }

  #afterContent(padding: number): void {
    this.#state = padding === 0 ? { kind: "header" } : { kind: "padding", left: padding };
  }
}

function paddingOf(size: number): number {
  return (BLOCK - (size % BLOCK)) % BLOCK;
}

function untilNul(body: Buffer): string {
  const end = body.indexOf(0);
  return body.toString("latin1", 0, end < 0 ? body.length : end);
}

/** Puts the entry's name before what is wrong with it. */
function naming(header: Header, extended: Extended, work: () => void): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof TarError)) throw error;
    const path = extended.pax.get("path") ?? extended.longPath ?? header.path;
    throw new TarError(`${JSON.stringify(shownPath(path).slice(0, 200))}: ${error.message}`, { cause: error });
  }
}
