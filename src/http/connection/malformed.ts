import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";

const BAD_REQUEST = [400, "malformed HTTP request"] as const;

const refusals: Readonly<Record<string, readonly [status: number, message: string]>> = {
  HPE_HEADER_OVERFLOW: [431, "the request's headers are too large"],
  METHOD: [405, "method not allowed"],
  HOST: [400, "missing required Host header"],
  LATE: [408, "the request's headers did not arrive in time"],
};

/**
 * Answers what never became a request, and closes the connection. The parser cannot go on after an error, and nothing may be
 * answered in the middle of another answer: then the connection is just cut.
 *
 * @param code Node's code of a parser error, or one of those below.
 */
export function refuseMalformed(socket: Duplex, code: string | undefined, headers: Readonly<Record<string, string>>): void {
  if (socket.destroyed || socket.writableEnded) return;
  if (answerStarted(socket)) return void socket.destroy();
  const [status, message] = refusals[code ?? ""] ?? BAD_REQUEST;
  const body = `${JSON.stringify({ message })}\n`;
  const fields = { ...headers, "Content-Type": "application/json", "Content-Length": String(body.length), Connection: "close" };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\n${lines.join("")}\r\n${body}`);
}

/** Node keeps the response under way on its socket. */
function answerStarted(socket: Duplex): boolean {
  return (socket as { _httpMessage?: { headersSent?: boolean } | null })._httpMessage?.headersSent === true;
}
