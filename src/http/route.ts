import type { Duplex } from "node:stream";
import type { ByteSource } from "#lib/byte-source.ts";

/** One request as a handler sees it: the version prefix is gone, path parameters and query are decoded, the body is unread. */
export interface ApiRequest {
  readonly method: string;
  /** Path without `/vX.Y`, still encoded. */
  readonly path: string;
  /** Path parameters, percent-decoded once. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** The negotiated API version, `[1, 51]`. */
  readonly apiVersion: readonly [number, number];
  /** Aborts when the client goes away, or the daemon shuts down. */
  readonly signal: AbortSignal;
  /** The body as it arrives; ends after Content-Length or the last chunk. To be handed on as it is to what may read it on a thread. */
  readonly body: ByteSource;
  /**
   * Reads and parses the whole body as JSON (strict: one value, no duplicate keys, bounded depth and size).
   * An empty or absent body gives `undefined`.
   *
   * @throws EngineError `invalid`, or `too-large`.
   */
  json(): Promise<unknown>;
}

/** What a handler answers. It never touches the socket; `http/server.ts` writes it. */
export type Reply =
  | { readonly kind: "empty"; readonly status: 200 | 201 | 204 | 304; readonly headers?: Record<string, string> }
  | { readonly kind: "json"; readonly status: 200 | 201; readonly body: unknown; readonly headers?: Record<string, string> }
  /** JSON that was made beforehand. */
  | { readonly kind: "json-text"; readonly status: 200; readonly body: string; readonly headers?: Record<string, string> }
  | { readonly kind: "text"; readonly status: 200; readonly body: string; readonly headers?: Record<string, string> }
  /** Headers are flushed at once, before the first chunk; an error thrown later ends the connection without the last chunk. */
  | {
      readonly kind: "stream";
      readonly status: 200;
      readonly contentType: string;
      readonly body: AsyncIterable<Uint8Array>;
      readonly headers?: Record<string, string>;
    }
  /**
   * The connection becomes a raw stream: 101 with `Upgrade: tcp` where the client asked for it, else 200. `run` gets the stream
   * (the request's body already consumed; what the client types is readable, half-close kept) and owns it until it returns.
   */
  | { readonly kind: "hijack"; readonly contentType: string; readonly run: (stream: Duplex) => Promise<void> }
  /** 101 to a handshake that was checked (websocket/handshake.ts); `run` gets the bytes of frames, and owns the stream as above. */
  | { readonly kind: "websocket"; readonly accept: string; readonly run: (stream: Duplex) => Promise<void> };

export type Handler = (request: ApiRequest) => Promise<Reply>;

/**
 * A row of the routing table. `path` is matched segment by segment: `:id` takes one segment, `:name*` takes one or more
 * (image names hold slashes), e.g. `/images/:name*\/json`.
 */
export interface Route {
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "DELETE";
  readonly path: string;
  readonly handler: Handler;
  /** The least API version that has it, `[1, 42]`; older clients get 404. */
  readonly since?: readonly [number, number];
}

export const json = (body: unknown, status: 200 | 201 = 200): Reply => ({ kind: "json", status, body });
export const jsonText = (body: string): Reply => ({ kind: "json-text", status: 200, body });
export const noContent = (): Reply => ({ kind: "empty", status: 204 });
