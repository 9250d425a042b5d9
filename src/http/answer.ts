import type { Transport } from "./connection.ts";
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
  /** Aborts when the client goes away, or the server is closed. */
  readonly signal: AbortSignal;
  /** Leaving the loop early is allowed; the rest is read off, or the connection closed, after the answer. */
  readonly body: AsyncIterable<Uint8Array>;
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

export type Answer = Reply | ErrorReply;

/** Must not throw; what it throws all the same is answered with a bare 500. */
export type HttpHandler = (request: HttpRequest) => Promise<Answer>;
