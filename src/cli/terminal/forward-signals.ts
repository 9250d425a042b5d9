import type { Streams } from "../streams.ts";

/**
 * All that can be caught, but for what is this process' own affair: its children's (CHLD), its terminal's size (WINCH) and its pipes (PIPE,
 * URG).
 */
const FORWARDED: readonly NodeJS.Signals[] = [
  "SIGHUP",
  "SIGINT",
  "SIGQUIT",
  "SIGTERM",
  "SIGUSR1",
  "SIGUSR2",
  "SIGALRM",
  "SIGCONT",
  "SIGTSTP",
  "SIGIO",
  "SIGPWR",
];

/** Passes the signals that this process gets on, in order, until it is disposed of. */
export function forwardSignals(streams: Streams, send: (signal: NodeJS.Signals) => Promise<void>): Disposable {
  let before = Promise.resolve();
  const stop = streams.onSignal(FORWARDED, (signal) => {
    before = before.then(() => send(signal)).catch(() => {}); // It has ended meanwhile, or has not begun: then there is nobody to tell.
  });
  return { [Symbol.dispose]: stop };
}
