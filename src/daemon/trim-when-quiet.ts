import { trimMemory } from "#sys/host/malloc-trim.ts";

/** How often is looked whether the daemon is busy. */
const INTERVAL_MS = 10_000;
/** More processor time than this within an interval is work. */
const BUSY_MICROSECONDS = 200_000;

/**
 * Gives memory back when a busy time is over. The compiler of V8 and the native libraries take and free a lot while the daemon works,
 * and the C library keeps it: after a burst of requests that is 15 MB of 85.
 *
 * @returns what ends it.
 */
export function trimWhenQuiet(trim: () => Promise<void> = trimMemory, usage: () => NodeJS.CpuUsage = () => process.cpuUsage()): () => void {
  let before = totalOf(usage());
  let worked = true;
  const timer = setInterval(() => {
    const now = totalOf(usage());
    const busy = now - before > BUSY_MICROSECONDS;
    before = now;
    if (worked && !busy) void trim();
    worked = busy;
  }, INTERVAL_MS);
  timer.unref();
  return () => clearInterval(timer);
}

function totalOf({ user, system }: NodeJS.CpuUsage): number {
  return user + system;
}
