/**
 * A stream of bytes that a thread may be able to read for itself: what a client sends need not pass through the event loop, where every
 * 64 kB would be a new buffer or two. Whoever has a thread asks with `lend`; everybody else reads the stream.
 */
export interface ByteSource extends AsyncIterable<Uint8Array> {
  /** Undefined where there is no descriptor to be had, or bytes were read already: then the stream is all there is. */
  lend?(): LentBody | undefined;
}

/** The descriptor that a body comes from, until it is given back. Nobody else reads it meanwhile. */
export interface LentBody {
  /** Not blocking. Belongs to the lender, who may close it at any time: work with a copy. */
  readonly fd: number;
  /** What was read of the body already, in its coding. */
  readonly start: Uint8Array;
  readonly coding: BodyCoding;
  /** @param rest what was read behind the body's end; undefined when the end was not reached. */
  giveBack(rest: Uint8Array | undefined): void;
}

/** How the end of a body is known. Plain data. */
export type BodyCoding = { readonly kind: "length"; readonly bytes: number } | { readonly kind: "chunked" };
