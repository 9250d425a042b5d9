/** For tests: a server on a socket of its own, and a client that shows the bytes. */
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { vi } from "vitest";
import { silentLogger } from "#lib/logger.ts";
import type { HttpHandler } from "./answer.ts";
import type { HttpLimits } from "./limits.ts";
import { listen, type Listener, type ListenTarget } from "./listen.ts";
import { HttpServer } from "./server.ts";

/** Nothing here takes long by itself; a busy machine does. */
const PATIENCE_MS = 30_000;
vi.setConfig({ testTimeout: PATIENCE_MS + 5000 });

export interface TestServer extends AsyncDisposable {
  readonly server: HttpServer;
  readonly listener: Listener;
  readonly connectOptions: net.NetConnectOpts;
  connect(): Promise<RawClient>;
}

export async function startServer(
  handle: HttpHandler,
  limits: Partial<HttpLimits> = {},
  kind: "unix" | "tcp" = "unix",
): Promise<TestServer> {
  const folder = mkdtempSync(path.join(tmpdir(), "dhow-http-"));
  const socketPath = path.join(folder, "api.sock");
  const target: ListenTarget = kind === "unix" ? { kind, path: socketPath } : { kind, host: "127.0.0.1", port: 0 };
  const listener = await listen(target);
  const server = new HttpServer({ handle, logger: silentLogger }, { headers: { Server: "test" }, limits });
  server.serve(listener.server, listener.transport);
  const connectOptions = connectOptionsOf(listener, socketPath);
  return {
    server,
    listener,
    connectOptions,
    connect: () => RawClient.connect(connectOptions),
    async [Symbol.asyncDispose]() {
      listener.close();
      await server.close(0);
      rmSync(folder, { recursive: true });
    },
  };
}

function connectOptionsOf(listener: Listener, socketPath: string): net.NetConnectOpts {
  if (listener.transport === "unix") return { path: socketPath, allowHalfOpen: true };
  return { host: "127.0.0.1", port: (listener.server.address() as net.AddressInfo).port, allowHalfOpen: true };
}

/** Sends bytes as they are, and collects what comes back. */
export class RawClient implements Disposable {
  readonly socket: net.Socket;
  received = "";
  ended = false;

  private constructor(socket: net.Socket) {
    this.socket = socket;
    socket.setEncoding("latin1");
    socket.on("data", (text: string) => void (this.received += text));
    socket.on("end", () => void (this.ended = true));
    socket.on("close", () => void (this.ended = true));
    socket.on("error", () => void (this.ended = true));
  }

  static async connect(options: net.NetConnectOpts): Promise<RawClient> {
    const socket = net.connect(options);
    await once(socket, "connect");
    return new RawClient(socket);
  }

  send(text: string | Uint8Array): void {
    this.socket.write(text);
  }

  /** Waits until the text has come; fails with what has come instead. */
  async until(text: string | RegExp, ms = PATIENCE_MS): Promise<string> {
    const found = (): boolean => (typeof text === "string" ? this.received.includes(text) : text.test(this.received));
    await poll(found, () => `wanted ${String(text)}, got ${JSON.stringify(this.received.slice(-500))}`, ms);
    return this.received;
  }

  /** Waits for the other side's end and returns everything it said. */
  async untilEnd(ms = PATIENCE_MS): Promise<string> {
    await poll(
      () => this.ended,
      () => `no end after ${JSON.stringify(this.received.slice(-500))}`,
      ms,
    );
    return this.received;
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }
}

/** Resolves to true, so that a test can expect it. */
export async function poll(condition: () => boolean, explain: () => string, ms: number = PATIENCE_MS): Promise<true> {
  const end = performance.now() + ms;
  while (!condition()) {
    if (performance.now() > end) throw new Error(explain());
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  return true;
}
