import { text, toggle, type ValuesOf } from "../../arguments/flag.ts";
import { UsageError } from "../../arguments/usage-error.ts";
import type { Cli } from "../../cli.ts";
import { defineCommand, NO_ARGUMENTS } from "../../command.ts";
import { storeReportText, unrepaired } from "../../format/store-report.ts";
import { write } from "../../streams.ts";

const flags = {
  repair: toggle("Mend what can be mended: fetch, unpack or remove it again"),
  format: text("'json', else for a person to read"),
};

export const systemDoctor = defineCommand({ flags, arguments: NO_ARGUMENTS, interspersed: true, run });

/** 1 while something is the matter. */
async function run({ client, streams }: Cli, { repair, format }: ValuesOf<typeof flags>): Promise<number> {
  if (format !== undefined && format !== "json") throw new UsageError(`unknown format ${JSON.stringify(format)}: there is json`);
  const report = await client.system.doctor({ repair });
  await write(
    streams.output,
    format === "json" ? `${JSON.stringify(report)}\n` : storeReportText(report, repair ? undefined : "dhow system doctor --repair"),
  );
  return unrepaired(report) === 0 ? 0 : 1;
}
