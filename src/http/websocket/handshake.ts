import { createHash } from "node:crypto";
import { EngineError } from "#errors/engine-error.ts";
import type { ApiRequest } from "../route.ts";

const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/**
 * Checks the opening handshake of RFC 6455, 4.2.1. Who may open one is decided before (origin.ts), as for every request.
 *
 * @returns the value of `Sec-WebSocket-Accept`.
 * @throws EngineError `invalid` for what is no handshake of version 13.
 */
export function webSocketAccept({ headers }: Pick<ApiRequest, "headers">): string {
  if (!lists(headers["upgrade"], "websocket") || !lists(headers["connection"], "upgrade")) {
    throw new EngineError("invalid", "not a websocket handshake: want Upgrade: websocket and Connection: Upgrade");
  }
  if (headers["sec-websocket-version"] !== "13")
    throw new EngineError("invalid", "unsupported websocket version: want Sec-WebSocket-Version: 13");
  const key = headers["sec-websocket-key"];
  // 16 bytes in base64, and nothing else: it goes into a header of the answer only as a digest.
  if (typeof key !== "string" || !/^[A-Za-z0-9+/]{22}==$/.test(key)) throw new EngineError("invalid", "malformed Sec-WebSocket-Key");
  return createHash("sha1")
    .update(key + GUID)
    .digest("base64");
}

function lists(field: string | string[] | undefined, token: string): boolean {
  return String(field ?? "")
    .toLowerCase()
    .split(",")
    .some((part) => part.trim() === token);
}
