import type { Socket } from "node:net";
import { isLoopback } from "#config/values/host-address.ts";
import { EngineError } from "#errors/engine-error.ts";
import { listen, type Listener, type ListenTarget } from "#http/listen.ts";
import { closeOnExec } from "#sys/processes/inherited-fd.ts";

/** Connections that may wait for the engine on one listener; one more is turned away. */
const MOST_WAITING = 256;

/** A listener that accepts already, for somebody who serves later. */
export interface OpenListener {
  readonly listener: Listener;
  /** Hands over the listener, and then the connections that have come meanwhile. */
  serveWith(serve: (listener: Listener) => void): void;
}

/**
 * Opens everything the API is served on, or nothing. This comes before the engine is built, so that an address that cannot be had
 * ends the start at once, and a client that comes early waits instead of being refused.
 *
 * @param tls was asked for. A socket of systemd's cannot have it yet.
 * @throws EngineError naming the address that cannot be had.
 */
export async function openListeners(targets: readonly ListenTarget[], tls: boolean): Promise<OpenListener[]> {
  const open: OpenListener[] = [];
  try {
    for (const target of targets) open.push(hold(await openOne(target, tls)));
    return open;
  } catch (error) {
    for (const { listener } of open) listener.close();
    throw error;
  }
}

async function openOne(target: ListenTarget, tls: boolean): Promise<Listener> {
  if (target.kind === "fd") closeOnExec(target.fd);
  const listener = await listen(target);
  const fault = target.kind === "fd" && listener.transport === "tcp" ? faultOfInherited(listener.address, tls) : undefined;
  if (fault === undefined) return listener;
  listener.close();
  throw new EngineError("invalid", fault);
}

/** What systemd has opened shows only now what it is. */
function faultOfInherited(address: string, tls: boolean): string | undefined {
  if (tls) return `TLS on ${address}, which systemd has opened, is not implemented yet by Dhow: let dhowd open it (-H tcp://…)`;
  if (isLocal(address)) return undefined;
  return `refusing to listen on ${address} without client certificates: everybody who can reach it would be root on this host`;
}

/** @param address `tcp://[::1]:2375`. */
function isLocal(address: string): boolean {
  return isLoopback(new URL(address.replace("tcp:", "http:")).hostname.replace(/^\[|\]$/g, ""));
}

/** Of a connection that waits, no more is read than a socket buffers of its own: 64 KiB. */
function hold(listener: Listener): OpenListener {
  const event = listener.transport === "tls" ? "secureConnection" : "connection";
  const waiting: Socket[] = [];
  const keep = (socket: Socket): void => {
    if (waiting.length >= MOST_WAITING) return void socket.destroy();
    socket.on("error", ignore);
    waiting.push(socket);
  };
  listener.server.on(event, keep);
  return {
    listener,
    serveWith(serve) {
      listener.server.off(event, keep);
      serve(listener);
      for (const socket of waiting.splice(0)) {
        socket.off("error", ignore);
        if (!socket.destroyed) listener.server.emit(event, socket);
      }
    },
  };
}

function ignore(): void {
  // A client that did not want to wait: its connection is destroyed by now.
}
