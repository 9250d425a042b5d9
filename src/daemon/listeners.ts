import { isLoopback } from "#config/host-address.ts";
import { EngineError } from "#errors/engine-error.ts";
import { listen, type Listener, type ListenTarget } from "#http/listen.ts";
import { closeOnExec } from "#sys/inherited-fd.ts";

/**
 * Opens everything the API is served on, or nothing.
 *
 * @param tls was asked for. A socket of systemd's cannot have it yet.
 * @param serve is called with each as soon as it is open, before it can have accepted anybody.
 * @throws EngineError naming the address that cannot be had.
 */
export async function openListeners(
  targets: readonly ListenTarget[],
  tls: boolean,
  serve: (listener: Listener) => void,
): Promise<Listener[]> {
  const open: Listener[] = [];
  try {
    for (const target of targets) {
      const listener = await openOne(target, tls);
      open.push(listener);
      serve(listener);
    }
    return open;
  } catch (error) {
    for (const listener of open) listener.close();
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
