import type { QueryFilters } from "#client/query.ts";
import { filterFlag } from "../../arguments/filter-flag.ts";
import { toggle, type ValuesOf } from "../../arguments/flag.ts";
import { listFormat } from "../../arguments/format-flag.ts";
import type { Cli } from "../../cli.ts";
import { defineCommand } from "../../command.ts";
import { imageList, imageRows } from "../../format/image-list.ts";
import { printList } from "../../format/print-list.ts";

const flags = {
  all: toggle("Show all images (default hides intermediate images)", { short: "a" }),
  digests: toggle("Show digests"),
  filter: filterFlag,
  format: listFormat,
  "no-trunc": toggle("Don't truncate output"),
  quiet: toggle("Only show image IDs", { short: "q" }),
};

export const images = defineCommand({
  flags,
  arguments: { usage: "[REPOSITORY[:TAG]]", least: 0, most: 1 },
  interspersed: true,
  run,
});

async function run(cli: Cli, values: ValuesOf<typeof flags>, [reference]: readonly string[]): Promise<number> {
  const format = values.format ?? (values.quiet ? undefined : cli.config.imagesFormat);
  const found = await cli.client.images.list({ all: values.all, filters: withReference(values.filter, reference) });
  const rows = imageRows(found, { digests: values.digests || /\.Digest\b/.test(format ?? "") });
  const list = imageList({ truncate: !values["no-trunc"], digests: values.digests, now: Date.now() / 1000 });
  return printList(cli.streams, { format, quiet: values.quiet }, list, rows);
}

function withReference(filters: QueryFilters, reference: string | undefined): QueryFilters {
  return reference === undefined ? filters : { ...filters, reference: [...(filters["reference"] ?? []), reference] };
}
