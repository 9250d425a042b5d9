import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { EngineError, messageOf } from "#errors/engine-error.ts";

const MOST_CONNECTIONS = 32;
/** A client gets so long to say what it wants, and for its next request, ms. */
const PATIENCE = 5000;

export interface MetricsServer {
  /** `127.0.0.1:9323`. */
  readonly address: string;
  close(): void;
}

/**
 * Serves `GET /metrics` by plain HTTP, and nothing else. A scrape is made of numbers that are in memory; what may come at once is bounded,
 * so that nobody can hold up the API from here.
 *
 * @throws EngineError `system` when the address cannot be had.
 */
export async function serveMetrics({ host, port }: { host: string; port: number }, scrape: () => string): Promise<MetricsServer> {
  const server = createServer((request, response) => answer(request, response, scrape));
  server.maxConnections = MOST_CONNECTIONS;
  server.headersTimeout = PATIENCE;
  server.requestTimeout = PATIENCE;
  server.keepAliveTimeout = PATIENCE;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, port }, resolve);
  }).catch((cause: unknown) => {
    throw new EngineError("system", `metrics-addr: cannot listen on ${host}:${port}: ${messageOf(cause)}`, { cause });
  });
  server.on("error", () => {});
  const bound = server.address() as AddressInfo;
  return {
    address: bound.family === "IPv6" ? `[${bound.address}]:${bound.port}` : `${bound.address}:${bound.port}`,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

function answer(request: IncomingMessage, response: ServerResponse, scrape: () => string): void {
  const isScrape = request.url?.split("?")[0] === "/metrics";
  const isRead = request.method === "GET" || request.method === "HEAD";
  if (!isScrape || !isRead) {
    response.writeHead(isScrape ? 405 : 404, { "Content-Type": "text/plain; charset=utf-8", Connection: "close" });
    response.end(isScrape ? "405 method not allowed\n" : "404 page not found\n");
    return;
  }
  const body = Buffer.from(scrape());
  response.writeHead(200, { "Content-Type": "text/plain; version=0.0.4; charset=utf-8", "Content-Length": body.length });
  response.end(request.method === "HEAD" ? undefined : body);
}
