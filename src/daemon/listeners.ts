import { isLoopback } from "#config/host-address.ts";
import { EngineError } from "#errors/engine-error.ts";
import { listen, type Listener, type ListenTarget } from "#http/listen.ts";
import { closeOnExec } from "#sys/inherited-fd.ts";

/**
 * Opens everything the API is served on, or nothing.
 *
 * @param serve is called with each as soon as it is open, before it can have accepted anybody.
 * @throws EngineError naming the address that cannot be had.
 */
export async function openListeners(targets: readonly ListenTarget[], serve: (listener: Listener) => void): Promise<Listener[]> {
  const open: Listener[] = [];
  try {
    for (const target of targets) {
      const listener = await openOne(target);
      open.push(listener);
      serve(listener);
    }
    return open;
  } catch (error) {
    for (const listener of open) listener.close();
    throw error;
  }
}

async function openOne(target: ListenTarget): Promise<Listener> {
  if (target.kind === "fd") closeOnExec(target.fd);
  const listener = await listen(target);
  // What systemd has opened shows only now what it is.
  if (target.kind === "fd" && listener.transport === "tcp" && !isLocal(listener.address)) {
    listener.close();
    throw new EngineError(
      "invalid",
      `refusing to listen on ${listener.address} without client certificates: everybody who can reach it would be root on this host`,
    );
  }
  return listener;
}

/** @param address `tcp://[::1]:2375`. */
function isLocal(address: string): boolean {
  return isLoopback(new URL(address.replace("tcp:", "http:")).hostname.replace(/^\[|\]$/g, ""));
}
