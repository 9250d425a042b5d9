import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { once } from "node:events";
import { createServer, type Server, type Socket as TcpSocket } from "node:net";
import type { NameServerSockets } from "#sys/netns/name-server-sockets.ts";
import { LARGEST_MESSAGE } from "./message.ts";
import { framed } from "./upstream.ts";

/**
 * Answers a packet; undefined where it deserves none. `limit` is what the transport carries, undefined for what the packet itself
 * says. Never rejects.
 */
export type Answerer = (packet: Buffer, limit: number | undefined) => Buffer | undefined | Promise<Buffer | undefined>;

const MOST_CONNECTIONS = 64;
/** A connection that says nothing for so long is closed, in milliseconds. */
const IDLE_MS = 10_000;

/**
 * The embedded DNS server of one network namespace: sockets that were opened inside, served here. libuv takes at most 32 packets
 * from a socket before it looks at the others, so that a container which asks without end delays the rest by those, and what it
 * sends faster than it is answered is dropped by the kernel when its own socket's buffer is full.
 */
export class NameServer {
  readonly #answer: Answerer;
  readonly #udp: Socket;
  readonly #tcp: Server;
  readonly #connections = new Set<TcpSocket>();
  #closed = false;

  /** Takes over the descriptors. */
  constructor({ udp, tcp }: NameServerSockets, answer: Answerer) {
    this.#answer = answer;
    // Answers go to addresses: there is nothing to look up.
    this.#udp = createSocket({ type: "udp4", lookup: (host, _, done) => done(null, host, 4) });
    this.#udp.on("message", (packet, from) => this.#onPacket(packet, from));
    this.#udp.on("error", () => {});
    this.#udp.bind({ fd: udp });
    this.#tcp = createServer((connection) => this.#onConnection(connection));
    this.#tcp.maxConnections = MOST_CONNECTIONS;
    this.#tcp.on("error", () => {});
    this.#tcp.listen({ fd: tcp });
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#udp.close();
    this.#tcp.close();
    for (const connection of this.#connections) connection.destroy();
  }

  #onPacket(packet: Buffer, from: RemoteInfo): void {
    const answer = this.#answer(packet, undefined);
    if (answer instanceof Promise) void answer.then((later) => this.#send(later, from));
    else this.#send(answer, from);
  }

  #send(answer: Buffer | undefined, { port, address }: RemoteInfo): void {
    if (answer !== undefined && !this.#closed) this.#udp.send(answer, port, address);
  }

  #onConnection(connection: TcpSocket): void {
    this.#connections.add(connection);
    connection.on("close", () => this.#connections.delete(connection));
    connection.on("error", () => {});
    connection.setTimeout(IDLE_MS, () => connection.destroy(new Error("idle")));
    void this.#converse(connection);
  }

  /** One question after the other: whoever sends many at once waits in its own connection. */
  async #converse(connection: TcpSocket): Promise<void> {
    let rest: Buffer = Buffer.alloc(0);
    try {
      for await (const bytes of connection as AsyncIterable<Buffer>) {
        rest = await this.#answerAll(connection, rest.length === 0 ? bytes : Buffer.concat([rest, bytes]));
      }
    } catch {
      // What is no question, or a connection that was closed in the middle, from there or from here.
    } finally {
      connection.destroySoon();
    }
  }

  /** @returns the beginning of a question whose rest has not arrived. @throws Error when it deserves no answer, or nobody reads it. */
  async #answerAll(connection: TcpSocket, received: Buffer): Promise<Buffer> {
    let rest = received;
    for (let packet = firstFrame(rest); packet !== undefined; packet = firstFrame(rest)) {
      rest = rest.subarray(packet.length + 2);
      const answer = await this.#answer(packet, LARGEST_MESSAGE);
      if (answer === undefined) throw new Error("not a question");
      // Who does not read is not answered further.
      if (!connection.write(framed(answer))) await once(connection, "drain");
    }
    return rest;
  }
}

function firstFrame(received: Buffer): Buffer | undefined {
  if (received.length < 2) return undefined;
  const length = received.readUInt16BE(0);
  return received.length < length + 2 ? undefined : received.subarray(2, length + 2);
}
