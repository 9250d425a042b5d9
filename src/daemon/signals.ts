/** What the operator asks of a daemon by signals. */
export interface Signals {
  /** Resolves at the first SIGTERM or SIGINT. */
  readonly stop: Promise<NodeJS.Signals>;
  /** Resolves at the second: whoever asks twice does not want to wait. */
  readonly hurry: Promise<void>;
  /** SIGHUP. What came before a handler was there is made up for. */
  onReload(handler: () => void): void;
}

/** From this call on no signal ends the process by itself, also not one that comes before the daemon is ready for it. */
export function watchSignals(source: NodeJS.EventEmitter = process): Signals {
  const stop = Promise.withResolvers<NodeJS.Signals>();
  const hurry = Promise.withResolvers<void>();
  let stopping = false;
  const onStop = (signal: NodeJS.Signals): void => {
    if (stopping) hurry.resolve();
    stopping = true;
    stop.resolve(signal);
  };
  source.on("SIGTERM", onStop).on("SIGINT", onStop);

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
