import type { DnsStep } from "#spec/network/dns-trace.ts";
import { text, type ValuesOf } from "../../arguments/flag.ts";
import { valueFormat } from "../../arguments/format-flag.ts";
import type { Cli } from "../../cli.ts";
import { defineCommand } from "../../command.ts";
import { printable } from "../../format/printable.ts";
import { formatValue } from "../../format/value.ts";
import { write } from "../../streams.ts";

const flags = { type: text("Record type to ask for: A, AAAA, PTR, MX, TXT, …", { short: "t" }), format: valueFormat };

/** Shows what answers a container's question for a name, and why. */
export const dnsTrace = defineCommand({
  flags,
  arguments: { usage: "CONTAINER NAME", least: 2, most: 2 },
  interspersed: true,
  run,
});

/** 1 when there is no answer, as `getent` has it. */
async function run(
  { client, streams }: Cli,
  { type, format }: ValuesOf<typeof flags>,
  [container = "", name = ""]: readonly string[],
): Promise<number> {
  const trace = await client.containers.traceName(container, { name, type });
  const found = trace.Steps.some(({ Records }) => Records.length > 0);
  if (format !== undefined) {
    await write(streams.output, formatValue(format, trace));
    return found ? 0 : 1;
  }
  const whom = trace.Embedded
    ? "the embedded server, 127.0.0.11"
    : "nobody of the engine: it has no embedded server, and this is what one would say";
  const lines = [`${trace.Container} asks ${whom}, for ${trace.Type} of ${trace.Name}`, ...trace.Steps.flatMap(stepLines)];
  await write(streams.output, `${lines.map(printable).join("\n")}\n`);
  return found ? 0 : 1;
}

function stepLines({ Name, Code, Source, Reason, DurationMs, Records, Attempts }: DnsStep): string[] {
  return [
    `  ${Name}: ${Code} from ${Source} (${Reason}), ${DurationMs} ms`,
    ...Attempts.map(
      ({ Server, From, Transport, Code: code, Error: error, DurationMs: took }) =>
        `    asked ${Server} from the ${From}: ${error === "" ? `${code} over ${Transport}` : error}, ${took} ms`,
    ),
    ...Records.map((record) => `    ${record}`),
  ];
}
