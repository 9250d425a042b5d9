import { toggle, type ValuesOf } from "../../arguments/flag.ts";
import { listFormat } from "../../arguments/format-flag.ts";
import { UsageError } from "../../arguments/usage-error.ts";
import type { Cli } from "../../cli.ts";
import { defineCommand, NO_ARGUMENTS } from "../../command.ts";
import { usageDetails, usageList, usageRows } from "../../format/disk-usage.ts";
import { formatList } from "../../format/list.ts";
import { write } from "../../streams.ts";

const flags = { format: listFormat, verbose: toggle("Show each image, container and volume", { short: "v" }) };

export const systemDf = defineCommand({ flags, arguments: NO_ARGUMENTS, interspersed: true, run });

async function run({ client, streams }: Cli, { format, verbose }: ValuesOf<typeof flags>): Promise<number> {
  if (verbose && format !== undefined) throw new UsageError("the verbose and the format options conflict");
  const usage = await client.system.diskUsage();
  await write(streams.output, verbose ? usageDetails(usage) : formatList(format, usageList, usageRows(usage)));
  return 0;
}
