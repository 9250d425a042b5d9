import type { Streams } from "../streams.ts";
import { sizeOf, type Size } from "./size.ts";

/** How often the first size is offered: the process may not be there yet. */
const ATTEMPTS = 10;
const PAUSE_MS = 30;

/** Tells the container's terminal the user's size, now and at each change, until it is disposed of. */
export function followSize(streams: Streams, resize: (size: Size) => Promise<void>): Disposable {
  const tell = (): Promise<void> => {
    const size = sizeOf(streams.output);
    return size === undefined ? Promise.resolve() : resize(size);
  };
  void tellFirst(tell);
  const stop = streams.onSignal(["SIGWINCH"], () => void tell().catch(() => {})); // It ended meanwhile.
  return { [Symbol.dispose]: stop };
}

async function tellFirst(tell: () => Promise<void>): Promise<void> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    try {
      return await tell();
    } catch {
      await new Promise((resolve) => setTimeout(resolve, attempt * PAUSE_MS));
    }
  }
}
