import { createInterface } from "node:readline";
import { EngineError } from "#errors/engine-error.ts";
import { write, type Streams } from "../streams.ts";
import { rawMode } from "./raw-mode.ts";

/** Asks a person for a line. @throws EngineError `invalid` where there is nobody to ask. */
export async function askLine({ input, output }: Streams, question: string): Promise<string> {
  requirePerson(input);
  await write(output, question);
  const lines = createInterface({ input });
  const line = await new Promise<string>((resolve) => lines.once("line", resolve).once("close", () => resolve("")));
  lines.close();
  return line;
}

const ENTER = /[\r\n]/;

/** Asks for what is not shown while it is typed. @throws EngineError `cancelled` by ctrl-c. */
export async function askSecret(streams: Streams, question: string): Promise<string> {
  const { input, output } = streams;
  requirePerson(input);
  await write(output, question);
  using _ = rawMode(streams);
  let typed = "";
  for await (const chunk of input.iterator({ destroyOnReturn: false })) {
    for (const key of String(chunk)) {
      if (key === "\u0003") throw new EngineError("cancelled", "cancelled");
      if (ENTER.test(key)) {
        await write(output, "\n");
        return typed;
      }
      typed = key === "\u007f" || key === "\b" ? typed.slice(0, -1) : typed + key;
    }
  }
  return typed;
}

function requirePerson(input: Streams["input"]): void {
  if (input.isTTY !== true) throw new EngineError("invalid", "Error: Cannot perform an interactive login from a non TTY device");
}
