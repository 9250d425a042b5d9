import { explain } from "./failure.ts";
import { write, type Streams } from "./streams.ts";

/** How many at once: enough to wait for all of them together, and no burden to a daemon. */
const AT_ONCE = 50;

export interface EachOptions {
  /** True when a failure is told, and is none for the exit code. */
  readonly forgives?: (error: unknown) => boolean;
}

/**
 * Does one thing to several objects, a bounded number at a time. Prints each name when its turn comes, and each failure; one failure
 * does not keep the others from being done.
 *
 * @returns the exit code.
 */
export async function doEach(
  streams: Streams,
  names: readonly string[],
  work: (name: string) => Promise<void>,
  { forgives = () => false }: EachOptions = {},
): Promise<number> {
  let exitCode = 0;
  for (let at = 0; at < names.length; at += AT_ONCE) {
    const batch = names.slice(at, at + AT_ONCE);
    const outcomes = await Promise.allSettled(batch.map(work));
    for (const [index, outcome] of outcomes.entries()) {
      if (outcome.status === "fulfilled") await write(streams.output, `${batch[index]}\n`);
      else await write(streams.errors, `${explain(outcome.reason)}\n`);
      if (outcome.status === "rejected" && !forgives(outcome.reason)) exitCode = 1;
    }
  }
  return exitCode;
}
