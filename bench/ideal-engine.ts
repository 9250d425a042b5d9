import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { basename } from "node:path/posix";
import type { Duplex } from "node:stream";
import { json } from "node:stream/consumers";
import { BenchEngine } from "./engine.ts";

/** What `dd` of the attach rows writes; anything else writes nothing. */
type Output = { readonly block: number; readonly count: number };

const FRAME = 64 * 1024;
/** `drwxr-xr-x` in the bits of Go. */
const FOLDER_MODE = 2 ** 31 + 0o755;

/**
 * An engine that takes no time: it answers the docker command line at once and starts nothing. What a row takes on it is the client's
 * own, and the floor for every engine. No containers, images or checks: only what the rows that have a floor ask for.
 */
export class IdealEngine extends BenchEngine {
  readonly #server: Server = createServer((request, response) => void this.#answer(request, response));
  readonly #waiting = new Set<ServerResponse>();
  #copied: Buffer[] = [];
  #output: Output = { block: 0, count: 0 };
  #attached: Duplex | undefined;

  constructor() {
    super("ideal", () => {
      throw new Error("the ideal engine has no program");
    });
    this.#server.on("upgrade", (request, connection) => this.#hijack(request, connection));
  }

  override async start(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(this.socket, resolve));
    return 0;
  }

  override async stop(): Promise<void> {
    await super.stop();
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? "").replace(/^\/v[\d.]+/, "").replace(/\?.*/, "");
    const reply = (status: number, body?: object): void => {
      response.writeHead(status, { "content-type": "application/json", "api-version": "1.51", ostype: "linux" });
      response.end(body === undefined ? undefined : JSON.stringify(body));
    };
    if (path === "/containers/create") {
      this.#output = outputOf(((await json(request)) as { Cmd?: string[] }).Cmd ?? []);
      return reply(201, { Id: "ideal", Warnings: [] });
    }
    if (path.endsWith("/exec")) return reply(201, { Id: "ideal" });
    if (path.endsWith("/wait")) {
      response.writeHead(200, { "content-type": "application/json" }).flushHeaders();
      this.#waiting.add(response);
      return undefined;
    }
    if (path === "/containers/ideal/start") {
      reply(204);
      return await this.#run();
    }
    if (path.endsWith("/archive")) return await this.#archive(request, response);
    if (path.endsWith("/logs")) return reply(200, ["ready"]);
    if (path === "/containers/json") return reply(200, []);
    if (path.endsWith("/json")) return reply(200, { Id: "ideal", Running: false, ExitCode: 0, Config: {}, State: {} });
    return reply(path === "/_ping" ? 200 : 204);
  }

  /** Keeps in memory what is copied in, and gives that back. Every path is a folder. */
  async #archive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method === "PUT") {
      this.#copied = [];
      for await (const piece of request) this.#copied.push(piece as Buffer);
      response.writeHead(200).end();
      return;
    }
    const asked = new URL(request.url ?? "", "http://ideal").searchParams.get("path") ?? "";
    const stat = { name: basename(asked), size: 4096, mode: FOLDER_MODE, mtime: "2026-01-01T00:00:00Z", linkTarget: "" };
    response.writeHead(200, {
      "content-type": "application/x-tar",
      "x-docker-container-path-stat": Buffer.from(JSON.stringify(stat)).toString("base64"),
    });
    for (const piece of request.method === "GET" ? this.#copied : []) {
      if (!response.write(piece)) await new Promise((resolve) => response.once("drain", resolve));
    }
    response.end();
  }

  #hijack(request: IncomingMessage, connection: Duplex): void {
    connection.on("error", () => {});
    const type = "Content-Type: application/vnd.docker.multiplexed-stream";
    connection.write(`HTTP/1.1 101 UPGRADED\r\n${type}\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n`);
    if (request.url?.includes("/exec/") === true) connection.end();
    else this.#attached = connection;
  }

  /** The program that ends at once, after its output. */
  async #run(): Promise<void> {
    const connection = this.#attached;
    this.#attached = undefined;
    if (connection !== undefined) {
      await writeFrames(connection, this.#output);
      connection.end();
    }
    for (const response of this.#waiting) response.end('{"StatusCode":0}');
    this.#waiting.clear();
  }
}

function outputOf([program, ...operands]: readonly string[]): Output {
  const operand = (name: string): number =>
    Number.parseInt(operands.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1) ?? "0");
  return program === "dd" ? { block: operand("bs") * 1024, count: operand("count") } : { block: 0, count: 0 };
}

async function writeFrames(connection: Duplex, { block, count }: Output): Promise<void> {
  const header = Buffer.from([1, 0, 0, 0, 0, 0, 0, 0]);
  header.writeUInt32BE(FRAME, 4);
  const frame = Buffer.concat([header, Buffer.alloc(FRAME)]);
  for (let left = block * count; left > 0; left -= FRAME) {
    if (!connection.write(frame)) await new Promise((resolve) => connection.once("drain", resolve));
  }
}
