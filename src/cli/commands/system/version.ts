import type { ValuesOf } from "../../arguments/flag.ts";
import { valueFormat } from "../../arguments/format-flag.ts";
import type { Cli } from "../../cli.ts";
import { defineCommand, NO_ARGUMENTS } from "../../command.ts";
import { clientVersion } from "../../format/client-version.ts";
import { formatValue } from "../../format/value.ts";
import { versionText } from "../../format/version-text.ts";
import { write } from "../../streams.ts";

const flags = { format: valueFormat };

export const version = defineCommand({ flags, arguments: NO_ARGUMENTS, interspersed: true, run });

/** The client's version is told also when there is no daemon to ask: then that is an error after it, as with docker. */
async function run({ client, context, streams }: Cli, { format }: ValuesOf<typeof flags>): Promise<number> {
  const [server] = await Promise.allSettled([client.system.version()]);
  if (server.status === "rejected" && format?.includes(".Server") === true) throw server.reason;
  const apiVersion = server.status === "fulfilled" ? await client.apiVersion() : undefined;
  const versions = {
    Client: clientVersion(context, apiVersion),
    ...(server.status === "fulfilled" ? { Server: server.value } : {}),
  };
  await write(streams.output, format === undefined ? versionText(versions) : formatValue(format, versions));
  if (server.status === "rejected") throw server.reason;
  return 0;
}
