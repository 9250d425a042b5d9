import type { ProgressMessage } from "#spec/progress.ts";
import { sizeOf } from "../terminal/size.ts";
import { write, type Streams } from "../streams.ts";
import { plainLine, ProgressScreen } from "./screen.ts";

/** Shows progress to its end, drawn on a terminal and as lines elsewhere. */
export async function showProgress(output: Streams["output"], messages: AsyncIterable<ProgressMessage>): Promise<void> {
  const draw = drawingOn(output);
  for await (const message of messages) await write(output, draw(message));
}

/** Of a terminal that does not say. */
const USUAL = { columns: 80, rows: 24 };

function drawingOn(output: Streams["output"]): (message: ProgressMessage) => string {
  if (output.isTTY !== true) return plainLine;
  const screen = new ProgressScreen(sizeOf(output) ?? USUAL);
  return (message) => screen.draw(message);
}
