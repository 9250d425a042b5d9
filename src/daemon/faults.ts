import type { Logger } from "#lib/logger.ts";

/** Mistakes of ours that nobody caught. */
export interface Faults {
  readonly count: number;
}

/**
 * Keeps one request's mistake from ending everybody's daemon: what nobody caught is logged with its stack and counted, and the rest
 * goes on. (Tests ask for the log to be free of it.)
 */
export function countFaults(logger: Logger, source: NodeJS.EventEmitter = process): Faults {
  const faults = { count: 0 };
  const record = (kind: string) => (fault: unknown) => {
    faults.count += 1;
    const stack = fault instanceof Error ? fault.stack : undefined;
    logger.error({ fault, stack, count: faults.count }, kind);
  };
  source.on("unhandledRejection", record("unhandled rejection")).on("uncaughtException", record("uncaught exception"));
  return faults;
}
