import { LEASE_SIGNAL } from "#sys/files/lease.ts";

/** Why a daemon stops. */
export type StopReason = NodeJS.Signals | "end of input";

/** What the operator asks of a daemon by signals. */
export interface Signals {
  /** Resolves at the first SIGTERM or SIGINT, or when the input ends that the daemon lives as long as. */
  readonly stop: Promise<StopReason>;
  /** Resolves at the second: whoever asks twice does not want to wait. */
  readonly hurry: Promise<void>;
  /** SIGHUP. What came before a handler was there is made up for. */
  onReload(handler: () => void): void;
}

/** The kernel says that a monitor waits for the next file of its log, of whichever container. Returns a function that ends it. */
export function onLeaseSignal(listener: () => void): () => void {
  process.on(LEASE_SIGNAL, listener);
  return () => void process.off(LEASE_SIGNAL, listener);
}

/**
 * From this call on no signal ends the process by itself, also not one that comes before the daemon is ready for it.
 *
 * @param lifeline what the daemon lives as long as.
 */
export function watchSignals(source: NodeJS.EventEmitter = process, lifeline?: NodeJS.ReadableStream): Signals {
  const stop = Promise.withResolvers<StopReason>();
  const hurry = Promise.withResolvers<void>();
  let stopping = false;
  const onStop = (signal: NodeJS.Signals): void => {
    if (stopping) hurry.resolve();
    stopping = true;
    stop.resolve(signal);
  };
  source.on("SIGTERM", onStop).on("SIGINT", onStop);
  lifeline?.once("end", () => stop.resolve("end of input")).resume();

  let missed = false;
  let reload = (): void => {
    missed = true;
  };
  source.on("SIGHUP", () => reload());
  return {
    stop: stop.promise,
    hurry: hurry.promise,
    onReload(handler) {
      reload = handler;
      if (missed) handler();
    },
  };
}
