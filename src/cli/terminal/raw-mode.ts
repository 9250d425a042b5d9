import type { Streams } from "../streams.ts";

/**
 * Gives every key to the container until it is disposed of: then the terminal is as it was. Without a terminal nothing happens. When the
 * process ends otherwise (process.exit, SIGINT, SIGTERM) Node puts the terminal back itself.
 */
export function rawMode({ input }: Streams): Disposable {
  if (input.isTTY !== true) return { [Symbol.dispose]: () => {} };
  input.setRawMode?.(true);
  return { [Symbol.dispose]: () => void input.setRawMode?.(false) };
}
