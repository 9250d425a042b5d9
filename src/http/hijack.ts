import { EngineError } from "#errors/engine-error.ts";
import type { Exchange } from "./exchange.ts";
import type { Reply } from "./route.ts";

/**
 * Turns the exchange's connection into a raw stream and lets the handler have it. The request is read to its end first: its body
 * is the handler's already, and what follows is what the user types. A client that asked for an upgrade gets 101, one that did not
 * the same bytes behind a plain 200 without any transfer coding, as Docker does it (dockerode without `hijack` relies on it).
 */
export async function hijack(
  exchange: Exchange,
  reply: Extract<Reply, { kind: "hijack" | "websocket" }>,
  common: Readonly<Record<string, string>>,
): Promise<void> {
  exchange.connection.openBody();
  exchange.incoming.resume();
  await exchange.connection.messageEnd();
  const stream = exchange.connection.hijack();
  if (stream === undefined) throw new EngineError("cancelled", "the client has gone");
  stream.on("error", () => undefined);
  stream.write(
    reply.kind === "websocket"
      ? webSocketHead(reply.accept, common)
      : head(exchange.headers["upgrade"] !== undefined, reply.contentType, common),
  );
  try {
    await reply.run(stream);
  } finally {
    exchange.connection.endHijacked();
  }
}

/** `UPGRADED` is Docker's own reason phrase; old clients compare the whole line. */
function head(upgrade: boolean, contentType: string, common: Readonly<Record<string, string>>): string {
  const start = upgrade ? ["HTTP/1.1 101 UPGRADED"] : ["HTTP/1.1 200 OK"];
  const fields = { "Content-Type": contentType, ...(upgrade ? { Connection: "Upgrade", Upgrade: "tcp" } : {}), ...common };
  return headText(start, fields);
}

function webSocketHead(accept: string, common: Readonly<Record<string, string>>): string {
  return headText(["HTTP/1.1 101 Switching Protocols"], {
    Upgrade: "websocket",
    Connection: "Upgrade",
    "Sec-WebSocket-Accept": accept,
    ...common,
  });
}

function headText(start: readonly string[], fields: Readonly<Record<string, string>>): string {
  return `${[...start, ...Object.entries(fields).map(([name, value]) => `${name}: ${value}`)].join("\r\n")}\r\n\r\n`;
}
