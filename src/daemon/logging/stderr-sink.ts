import { writeSync } from "node:fs";
import type { LogSink } from "./logger.ts";

/**
 * Writes log lines to standard error. Synchronously, so that the last words before a crash are there; and never failing, since a log
 * that nobody can read (a closed pipe, a full one that does not block) is no reason to stop: what is lost is counted and told once there
 * is room again.
 */
export function stderrSink(write: typeof writeSync = writeSync): LogSink {
  let lost = 0;
  return (line) => {
    try {
      writeWhole(write, lost === 0 ? line : `${lost} lines of the log were lost\n${line}`);
      lost = 0;
    } catch {
      lost += 1;
    }
  };
}

function writeWhole(write: typeof writeSync, text: string): void {
  const bytes = Buffer.from(text);
  for (let offset = 0; offset < bytes.length;) offset += write(2, bytes, offset);
}
