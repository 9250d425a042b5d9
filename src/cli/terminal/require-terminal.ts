import { EngineError } from "#errors/engine-error.ts";
import type { Streams } from "../streams.ts";

/** @throws EngineError `invalid`, with Docker's text, when a process is to have a terminal of which the user has none to type into. */
export function requireTerminal({ input }: Streams, { tty, stdin }: { readonly tty: boolean; readonly stdin: boolean }): void {
  if (tty && stdin && input.isTTY !== true) throw new EngineError("invalid", "the input device is not a TTY");
}
