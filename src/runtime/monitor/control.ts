import { constants } from "node:fs";
import { open } from "node:fs/promises";
import type { TerminalSize } from "../contract.ts";

/**
 * Sizes the container's terminal, by a line in the monitor's FIFO `ctl`: a kind (1; 2 would reopen the log) and two numbers, fewer
 * than 200 bytes, so that lines of several writers do not mix.
 *
 * @throws errors of node:fs: `ENXIO` or `ENOENT` when no monitor reads.
 */
export async function resizeTerminal(bundle: string, size: TerminalSize): Promise<void> {
  // Non-blocking, since opening a FIFO that nobody reads would wait.
  await using fifo = await open(`${bundle}/ctl`, constants.O_WRONLY | constants.O_NONBLOCK);
  await fifo.write(`1 ${size.rows} ${size.columns}\n`);
}
