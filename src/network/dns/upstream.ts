import { createSocket, type Socket } from "node:dgram";
import { Socket as TcpSocket } from "node:net";
import { isIPv6 } from "node:net";
import { randomFillSync } from "node:crypto";
import { answers, forwardedPacket, isTruncated, type Query } from "./message.ts";

/** A server that is asked for names. */
export interface Upstream {
  readonly address: string;
  /** Path of the network namespace to ask from; undefined for the host's. */
  readonly namespace: string | undefined;
}

export interface UpstreamDeps {
  /** `openSocketIn` of sys/netns/host-network.ts. */
  openSocketIn(namespace: string, protocol: "udp" | "tcp"): Promise<number>;
}

/** Sends a query to one server, and gives its answer. Rejects with the signal's reason when nobody waits any more. */
export type AskUpstream = (server: Upstream, query: Query, signal: AbortSignal) => Promise<UpstreamAnswer>;

export interface UpstreamAnswer {
  readonly packet: Buffer;
  readonly transport: "udp" | "tcp";
}

const DNS_PORT = 53;
/** A lost packet is sent again after these pauses, in milliseconds. */
const RESEND_AFTER = [1000, 2000];
/** How many packets that are no answer are looked at before a server's socket is given up. */
const MOST_STRANGERS = 64;

/**
 * A socket a question, so that each has a source port of the kernel's choice beside an identifier of ours: an answer has to know
 * both. An answer that was cut off is asked for again over TCP.
 */
export function askUpstream(deps: UpstreamDeps): AskUpstream {
  return async (server, query, signal) => {
    const short = await overUdp(deps, server, query, signal);
    if (!isTruncated(short)) return { packet: short, transport: "udp" };
    try {
      return { packet: await overTcp(deps, server, query, signal), transport: "tcp" };
    } catch (error) {
      if (signal.aborted) throw error;
      // A server that has no TCP: what it cut off is better than nothing.
      return { packet: short, transport: "udp" };
    }
  };
}

async function overUdp(deps: UpstreamDeps, server: Upstream, query: Query, signal: AbortSignal): Promise<Buffer> {
  signal.throwIfAborted();
  const packet = forwardedPacket(query, randomId());
  const socket = createSocket(isIPv6(server.address) ? "udp6" : "udp4");
  const answer = Promise.withResolvers<Buffer>();
  const timers: NodeJS.Timeout[] = [];
  const onAbort = (): void => answer.reject(signal.reason as Error);
  let strangers = 0;
  socket.on("error", answer.reject);
  socket.on("message", (response, { address, port }) => {
    const isFromServer = port === DNS_PORT && address === server.address;
    if ((isFromServer || server.namespace === undefined) && answers(packet, query.question, response)) answer.resolve(response);
    else if (++strangers > MOST_STRANGERS) answer.reject(new Error(`${server.address} sends what is no answer`));
  });
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    const send = await connected(deps, socket, server, answer.reject);
    send(packet);
    for (const pause of RESEND_AFTER) timers.push(setTimeout(send, pause, packet));
    return await answer.promise;
  } finally {
    timers.forEach(clearTimeout);
    signal.removeEventListener("abort", onAbort);
    answer.promise.catch(() => {});
    closeQuietly(socket);
  }
}

/**
 * Connects it, where it is the host's own: then the kernel keeps strangers away, and says at once when nobody listens there. One of
 * another namespace cannot be connected by its descriptor, so senders are looked at.
 */
async function connected(
  deps: UpstreamDeps,
  socket: Socket,
  { address, namespace }: Upstream,
  onError: (error: Error) => void,
): Promise<(packet: Buffer) => void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (namespace === undefined) socket.connect(DNS_PORT, address, resolve);
  else socket.bind({ fd: await deps.openSocketIn(namespace, "udp") }, resolve);
  const failed = new Promise<never>((_, reject) => socket.once("error", reject));
  await Promise.race([promise, failed]);
  failed.catch(() => {});
  const onSent = (error: Error | null): void => {
    if (error !== null) onError(error);
  };
  return (packet) => (namespace === undefined ? socket.send(packet, onSent) : socket.send(packet, DNS_PORT, address, onSent));
}

function closeQuietly(socket: Socket): void {
  socket.removeAllListeners("message");
  try {
    socket.close();
  } catch {
    // It was closed by an error already.
  }
}

async function overTcp(deps: UpstreamDeps, server: Upstream, query: Query, signal: AbortSignal): Promise<Buffer> {
  const packet = forwardedPacket(query, randomId());
  const fd = server.namespace === undefined ? undefined : await deps.openSocketIn(server.namespace, "tcp");
  const socket = fd === undefined ? new TcpSocket() : new TcpSocket({ fd });
  const answer = Promise.withResolvers<Buffer>();
  const onAbort = (): void => answer.reject(signal.reason as Error);
  signal.addEventListener("abort", onAbort, { once: true });
  let received: Buffer = Buffer.alloc(0);
  socket.on("error", answer.reject);
  socket.on("close", () => answer.reject(new Error(`${server.address} closed the connection`)));
  socket.on("data", (bytes: Buffer) => {
    received = Buffer.concat([received, bytes]);
    const length = received.length < 2 ? Infinity : received.readUInt16BE(0);
    if (received.length < length + 2) return;
    const response = received.subarray(2, length + 2);
    if (answers(packet, query.question, response)) answer.resolve(response);
    else answer.reject(new Error(`${server.address} sends what is no answer`));
  });
  try {
    socket.connect(DNS_PORT, server.address, () => socket.write(framed(packet)));
    return await answer.promise;
  } finally {
    signal.removeEventListener("abort", onAbort);
    answer.promise.catch(() => {});
    socket.destroy();
  }
}

/** As TCP carries it: behind its length. */
export function framed(packet: Buffer): Buffer {
  const frame = Buffer.allocUnsafe(packet.length + 2);
  frame.writeUInt16BE(packet.length, 0);
  packet.copy(frame, 2);
  return frame;
}

const pool = Buffer.alloc(512);
let used = pool.length;

/** 16 bits that nobody can guess; drawn by the hundred. */
function randomId(): number {
  if (used >= pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += 2;
  return pool.readUInt16BE(used - 2);
}
