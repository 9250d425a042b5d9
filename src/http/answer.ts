import type { ByteSource } from "#lib/byte-source.ts";
import type { Transport } from "./connection/connection.ts";
import type { Reply } from "./route.ts";

/** A request as the server hands it on: nothing of it is interpreted yet but the framing. */
export interface HttpRequest {
  readonly method: string;
  /** Path and query as they were sent. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Names and values in turn, as they were sent: shows what `headers` has merged. */
  readonly rawHeaders: readonly string[];
  readonly transport: Transport;
  /** The address at the other end; undefined on a unix socket. */
  readonly peer?: string | undefined;
  /** Aborts when the client goes away, or the server is closed. */
  readonly signal: AbortSignal;
  /** Leaving the loop early is allowed; the rest is read off, or the connection closed, after the answer. */
  readonly body: ByteSource;
  /** See `ApiRequest.json`. */
  json(): Promise<unknown>;
}

/** A refusal. The body is `{"message": …}`, or the bare message for clients too old to know that form. */
export interface ErrorReply {
  readonly kind: "error";
  readonly status: number;
  readonly message: string;
  readonly form?: "json" | "text";
}

/**
 * An answer of another protocol than the engine's: any status. Who gives a stream gives its length, too, in the headers; to a HEAD the
 * headers alone are sent. An error thrown while it streams ends the connection.
 */
export interface RawReply {
  readonly kind: "raw";
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array | AsyncIterable<Uint8Array> | undefined;
}

export type Answer = Reply | ErrorReply | RawReply;

/** Must not throw; what it throws all the same is answered with a bare 500. */
export type HttpHandler = (request: HttpRequest) => Promise<Answer>;
