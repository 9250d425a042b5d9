import { constants } from "node:fs";
import { open } from "node:fs/promises";
import type { TerminalSize } from "../contract.ts";

/**
 * What the monitor is told by a line in its FIFO `ctl`: a kind and two numbers, fewer than 200 bytes, so that lines of several
 * writers do not mix.
 *
 * @throws errors of node:fs: `ENXIO` or `ENOENT` when no monitor reads.
 */
async function tell(bundle: string, kind: number, first: number, second: number): Promise<void> {
  // Non-blocking, since opening a FIFO that nobody reads would wait.
  await using fifo = await open(`${bundle}/ctl`, constants.O_WRONLY | constants.O_NONBLOCK);
  await fifo.write(`${kind} ${first} ${second}\n`);
}

export async function resizeTerminal(bundle: string, size: TerminalSize): Promise<void> {
  await tell(bundle, 1, size.rows, size.columns);
}

/** The monitor goes on in a new file of the log's name. What it had open keeps what was written, under whatever name it was moved to. */
export async function reopenLog(bundle: string): Promise<void> {
  await tell(bundle, 2, 0, 0);
}
