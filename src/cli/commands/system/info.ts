import type { ValuesOf } from "../../arguments/flag.ts";
import { valueFormat } from "../../arguments/format-flag.ts";
import type { Cli } from "../../cli.ts";
import { defineCommand, NO_ARGUMENTS } from "../../command.ts";
import { clientVersion } from "../../format/client-version.ts";
import { clientInfoText, serverInfoText } from "../../format/info-text.ts";
import { printableLines } from "../../format/printable.ts";
import { formatValue } from "../../format/value.ts";
import { write } from "../../streams.ts";

const flags = { format: valueFormat };

export const info = defineCommand({ flags, arguments: NO_ARGUMENTS, interspersed: true, run });

/** What the client can say is said also when there is no daemon to ask. */
async function run({ client, context, streams }: Cli, { format }: ValuesOf<typeof flags>): Promise<number> {
  if (format !== undefined) {
    const engine = await client.system.info();
    await write(streams.output, formatValue(format, { ...engine, ClientInfo: clientVersion(context, await client.apiVersion()) }));
    return 0;
  }
  await write(streams.output, `${clientInfoText(clientVersion(context))}\n`);
  const engine = await client.system.info();
  await write(streams.output, serverInfoText(engine));
  for (const warning of engine.Warnings ?? []) await write(streams.errors, `${printableLines(warning)}\n`);
  return 0;
}
