import type { RawSession } from "#client/raw-session.ts";
import { write, type Streams } from "../streams.ts";

/** A container's output, each stream to its own. */
export type Output = ReturnType<RawSession["output"]>;

/** Writes all of it, as it comes and no faster than it is taken. */
export async function printOutput(streams: Streams, output: Output): Promise<void> {
  for await (const { stream, data } of output) await write(stream === "stderr" ? streams.errors : streams.output, data);
}
