import { closeSync, constants, openSync } from "node:fs";
import { chmod, chown, mkdir } from "node:fs/promises";
import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { ClientSession } from "../../session/client-session.ts";

export interface AgentSocketOptions {
  /** The client's name of the agent. */
  readonly id: string;
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
}

const NAME = "agent";
const MOST_CONNECTIONS = 64;

/** A unix socket of the host, each connection to which the client connects to an agent of its own. Its keys stay with the client. */
export class AgentSocket implements AsyncDisposable {
  /** On the host. */
  readonly path: string;
  readonly #server: Server;
  /** Of the socket's folder: the server is known by it, and takes its name away by it. */
  readonly #descriptor: number;
  readonly #connections: Set<Socket>;

  private constructor(folder: string, descriptor: number, server: Server, connections: Set<Socket>) {
    this.path = join(folder, NAME);
    this.#descriptor = descriptor;
    this.#server = server;
    this.#connections = connections;
  }

  /** @param folder is made for it. */
  static async open(
    session: ClientSession,
    { id, uid, gid, mode }: AgentSocketOptions,
    folder: string,
    signal: AbortSignal,
  ): Promise<AgentSocket> {
    await mkdir(folder, { mode: 0o711 });
    const connections = new Set<Socket>();
    const server = createServer((connection) => {
      connections.add(connection);
      connection.on("error", () => undefined).once("close", () => connections.delete(connection));
      void connectThrough(session, id, connection, signal);
    });
    server.maxConnections = MOST_CONNECTIONS;
    // By the folder's descriptor: a path below a data root may be longer than an address of a socket can be.
    const socket = new AgentSocket(folder, openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY), server, connections);
    await socket.#listen();
    await chown(socket.path, uid, gid);
    await chmod(socket.path, mode);
    return socket;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const connection of this.#connections) connection.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
    closeSync(this.#descriptor);
  }

  async #listen(): Promise<void> {
    this.#server.listen(`/proc/self/fd/${this.#descriptor}/${NAME}`);
    try {
      await once(this.#server, "listening");
    } catch (error) {
      closeSync(this.#descriptor);
      throw error;
    }
  }
}

async function connectThrough(session: ClientSession, id: string, connection: Socket, signal: AbortSignal): Promise<void> {
  try {
    const { input, output } = await session.connect({ kind: "agent", id }, signal);
    await Promise.all([pipeline(connection, input), pipeline(output, connection)]);
  } catch {
    // Whoever asked sees that the connection ends.
    connection.destroy();
  }
}
