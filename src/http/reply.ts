import type { ServerResponse } from "node:http";
import type { Answer, RawReply } from "./answer.ts";
import type { Exchange } from "./exchange.ts";
import { hijack } from "./hijack.ts";
import type { Reply } from "./route.ts";

export type HeaderFields = Readonly<Record<string, string>>;

/**
 * Writes an answer, whatever its kind, and resolves when the exchange is over.
 *
 * @param common fields of every answer.
 * @throws whatever a stream or a hijack's handler threw; the connection is closed by then.
 */
export async function writeAnswer(exchange: Exchange, answer: Answer, common: HeaderFields): Promise<void> {
  const { response } = exchange;
  if (response.destroyed) return;
  switch (answer.kind) {
    case "empty":
      return send(exchange, answer.status, { ...common, ...answer.headers }, undefined);
    case "json":
      return send(exchange, answer.status, { ...common, "Content-Type": "application/json", ...answer.headers }, toJson(answer.body));
    case "json-text":
      return send(exchange, answer.status, { ...common, "Content-Type": "application/json", ...answer.headers }, `${answer.body}\n`);
    case "text":
      return send(exchange, 200, { ...common, "Content-Type": "text/plain; charset=utf-8", ...answer.headers }, answer.body);
    case "error":
      return sendError(exchange, answer, common);
    case "stream":
      exchange.streaming = true;
      return sendStream(exchange, answer, common);
    case "raw":
      return sendRaw(exchange, answer, common);
    case "hijack":
    case "websocket":
      exchange.streaming = true;
      return hijack(exchange, answer, common);
  }
}

function sendError(exchange: Exchange, answer: Extract<Answer, { kind: "error" }>, common: HeaderFields): void {
  if (answer.status === 304) return send(exchange, 304, common, undefined);
  const text = answer.form === "text";
  const body = text ? `${answer.message}\n` : toJson({ message: answer.message });
  send(exchange, answer.status, { ...common, "Content-Type": text ? "text/plain; charset=utf-8" : "application/json" }, body);
}

/** As Go's encoder writes it: with a newline, so that a person's curl ends on one. */
function toJson(body: unknown): string {
  return `${JSON.stringify(body)}\n`;
}

function send(exchange: Exchange, status: number, headers: HeaderFields, body: string | undefined): void {
  const length = status === 204 || status === 304 ? {} : { "Content-Length": String(Buffer.byteLength(body ?? "")) };
  exchange.response.writeHead(status, withClose(exchange, { ...length, ...headers })).end(body);
}

function withClose(exchange: Exchange, headers: HeaderFields): HeaderFields {
  return exchange.leavesTooMuch() ? { ...headers, Connection: "close" } : headers;
}

async function sendRaw(exchange: Exchange, { status, headers, body }: RawReply, common: HeaderFields): Promise<void> {
  const { response } = exchange;
  const isWhole = body === undefined || typeof body === "string" || body instanceof Uint8Array;
  const length = isWhole && status !== 204 && status !== 304 ? { "Content-Length": String(Buffer.byteLength(body ?? "")) } : {};
  response.writeHead(status, withClose(exchange, { ...common, ...length, ...headers }));
  if (isWhole) response.end(body);
  else if (exchange.method === "HEAD") response.end();
  else await pipe(exchange, body);
}

type StreamReply = Extract<Reply, { kind: "stream" }>;

async function sendStream(exchange: Exchange, reply: StreamReply, common: HeaderFields): Promise<void> {
  const headers = { ...common, "Content-Type": reply.contentType, ...reply.headers };
  exchange.response.writeHead(reply.status, withClose(exchange, headers)).flushHeaders();
  await pipe(exchange, reply.body);
}

async function pipe({ response, signal, connection }: Exchange, body: AsyncIterable<Uint8Array>): Promise<void> {
  const chunks = body[Symbol.asyncIterator]();
  try {
    await untilAborted(copy(chunks, response, signal), signal);
    response.end();
  } catch (error) {
    // Without the last chunk, so that the client sees a broken answer and not a short one. Node gathers the writes of one tick.
    setImmediate(() => connection.breakOff());
    throw error;
  } finally {
    // Not awaited: a generator that waits for its next event does not end before that event.
    Promise.resolve(chunks.return?.()).catch(() => undefined);
  }
}

async function copy(chunks: AsyncIterator<Uint8Array>, response: ServerResponse, signal: AbortSignal): Promise<void> {
  for (let next = await chunks.next(); next.done !== true && !signal.aborted; next = await chunks.next()) {
    if (next.value.length > 0 && !response.write(next.value)) await drained(response);
  }
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => void response.once("drain", resolve));
}

/** Settles with the work, or at once when the signal aborts; the work is left to notice it. */
function untilAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const aborted = (): void => reject(signal.reason as Error);
    if (signal.aborted) aborted();
    signal.addEventListener("abort", aborted, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", aborted));
  });
}
