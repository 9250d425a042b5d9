import { filterFlag } from "../../arguments/filter-flag.ts";
import { integer, toggle, type ValuesOf } from "../../arguments/flag.ts";
import { listFormat } from "../../arguments/format-flag.ts";
import type { Cli } from "../../cli.ts";
import { defineCommand, NO_ARGUMENTS } from "../../command.ts";
import { containerList } from "../../format/container-list.ts";
import { printList } from "../../format/print-list.ts";

const flags = {
  all: toggle("Show all containers (default shows just running)", { short: "a" }),
  filter: filterFlag,
  format: listFormat,
  last: integer("Show n last created containers (includes all states)", { short: "n" }),
  latest: toggle("Show the latest created container (includes all states)", { short: "l" }),
  "no-trunc": toggle("Don't truncate output"),
  quiet: toggle("Only display container IDs", { short: "q" }),
  size: toggle("Display total file sizes", { short: "s" }),
};

export const ps = defineCommand({ flags, arguments: NO_ARGUMENTS, interspersed: true, run });

async function run(cli: Cli, values: ValuesOf<typeof flags>): Promise<number> {
  const format = values.format ?? (values.quiet ? undefined : cli.config.psFormat);
  const limit = values.latest ? 1 : values.last;
  const containers = await cli.client.containers.list({
    all: values.all,
    // To measure them is work for the daemon: only who sees it asks for it.
    size: values.size || /\.Size\b/.test(format ?? ""),
    filters: values.filter,
    ...(limit === undefined || limit < 1 ? {} : { limit }),
  });
  const list = containerList({ truncate: !values["no-trunc"], size: values.size, now: Date.now() / 1000 });
  return printList(cli.streams, { format, quiet: values.quiet }, list, containers);
}
