import type { IncomingMessage, ServerResponse } from "node:http";
import { EngineError } from "#errors/engine-error.ts";
import type { BodyCoding, ByteSource, LentBody } from "#lib/byte-source.ts";
import type { HttpRequest } from "./answer.ts";
import type { Connection, Transport } from "./connection/connection.ts";
import { ChunkedFraming, type Framing, LengthFraming } from "./connection/framing.ts";
import { readJson } from "./body/json.ts";
import type { HttpLimits } from "./limits.ts";

/** One request and its answer. */
export class Exchange implements HttpRequest {
  readonly connection: Connection;
  readonly incoming: IncomingMessage;
  readonly response: ServerResponse;
  /** Its answer goes on until somebody ends it: such are told first when the server closes. */
  streaming = false;
  readonly #limits: HttpLimits;
  readonly #framing: Framing | undefined;
  #controller: AbortController | undefined;
  #aborted = false;
  #late = false;
  #readByOthers = false;

  constructor(connection: Connection, incoming: IncomingMessage, response: ServerResponse, limits: HttpLimits) {
    this.connection = connection;
    this.incoming = incoming;
    this.response = response;
    this.#limits = limits;
    this.#framing = framingOf(incoming);
  }

  /** Ties the connection to this exchange. False when the connection had to be dropped. */
  begin(): boolean {
    this.connection.onGone = () => this.abort();
    return this.connection.begin(this.#framing);
  }

  get method(): string {
    return this.incoming.method ?? "";
  }

  get target(): string {
    return this.incoming.url ?? "";
  }

  get headers(): HttpRequest["headers"] {
    return this.incoming.headers;
  }

  get rawHeaders(): readonly string[] {
    return this.incoming.rawHeaders;
  }

  get transport(): Transport {
    return this.connection.transport;
  }

  get peer(): string | undefined {
    return this.connection.peer;
  }

  /** Made when first asked for: most requests never do. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#aborted) this.#controller.abort(clientGone());
    return this.#controller.signal;
  }

  get body(): ByteSource {
    return { lend: () => this.#lend(), [Symbol.asyncIterator]: () => readBody(this.connection, this.incoming) };
  }

  json(): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => {
        this.#late = true;
        reject(bodyLate(this.#limits.jsonMs));
      }, this.#limits.jsonMs);
      readJson(this, this.#limits.jsonBytes)
        .then(resolve, reject)
        .finally(() => clearTimeout(late));
    });
  }

  abort(): void {
    this.#aborted = true;
    this.#controller?.abort(clientGone());
  }

  /** True when so much of the request is unread that the connection is not worth keeping for it. */
  leavesTooMuch(): boolean {
    const framing = this.#framing;
    if (framing === undefined || this.#readByOthers) return this.connection.isLost;
    // What has come counts as read.
    this.connection.openBody();
    if (framing.done) return false;
    return this.#late || !(framing instanceof LengthFraming) || framing.left > this.#limits.drainBytes;
  }

  #lend(): LentBody | undefined {
    const coding = this.#framing === undefined ? undefined : codingOf(this.#framing);
    const lent = coding === undefined ? undefined : this.connection.lendBody();
    if (coding === undefined || lent === undefined) return undefined;
    this.#readByOthers = true;
    return { ...lent, coding };
  }
}

function codingOf(framing: Framing): BodyCoding {
  return framing instanceof LengthFraming ? { kind: "length", bytes: framing.left } : { kind: "chunked" };
}

/** The parser has refused contradictory and malformed lengths already. */
function framingOf(incoming: IncomingMessage): Framing | undefined {
  if (incoming.headers["transfer-encoding"] !== undefined) return new ChunkedFraming();
  const length = Number(incoming.headers["content-length"] ?? 0);
  return length > 0 ? new LengthFraming(length) : undefined;
}

/** `for await` over the message itself would destroy the connection when the loop is left, before an answer is written. */
async function* readBody(connection: Connection, incoming: IncomingMessage): AsyncGenerator<Uint8Array> {
  try {
    connection.openBody();
    yield* incoming.iterator({ destroyOnReturn: false });
  } catch (cause) {
    if (cause instanceof EngineError) throw cause;
    throw new EngineError("cancelled", "the request's body ended early", { cause });
  }
}

function clientGone(): EngineError {
  return new EngineError("cancelled", "the client has gone");
}

function bodyLate(ms: number): EngineError {
  return new EngineError("invalid", `the request body did not arrive within ${ms / 1000} s`);
}
