import { EngineError } from "#errors/engine-error.ts";
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

/** A program that runs as a container's first process ignores what it does not handle: then the user has to be able to leave it. */
const INSISTING = new Set<NodeJS.Signals>(["SIGINT", "SIGTERM"]);
const OFTEN = 3;

export interface ForwardedSignals extends Disposable {
  /** Rejects when the user has asked three times for the end. */
  readonly insisted: Promise<never>;
}

/** Passes the signals that this process gets on, in order, until it is disposed of. */
export function forwardSignals(streams: Streams, send: (signal: NodeJS.Signals) => Promise<void>): ForwardedSignals {
  let insist: (reason: EngineError) => void;
  const insisted = new Promise<never>((_, reject) => (insist = reject));
  insisted.catch(() => {}); // Nobody may be waiting for it any more.
  let before = Promise.resolve();
  let asked = 0;
  const stop = streams.onSignal(FORWARDED, (signal) => {
    before = before.then(() => send(signal)).catch(() => {}); // It has ended meanwhile, or has not begun: then there is nobody to tell.
    if (INSISTING.has(signal)) asked += 1;
    if (asked === OFTEN) insist(new EngineError("cancelled", `got ${OFTEN} SIGTERM/SIGINTs, forcefully exiting`));
  });
  return { insisted, [Symbol.dispose]: stop };
}
