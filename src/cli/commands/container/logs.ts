import { text, toggle, type Flag, type ValuesOf } from "../../arguments/flag.ts";
import type { Cli } from "../../cli.ts";
import { defineCommand } from "../../command.ts";
import { printOutput } from "../../terminal/print-output.ts";

/** What is no number means all, as the daemon takes it. */
const tail: Flag<number | "all"> = {
  short: "n",
  value: "string",
  help: "Number of lines to show from the end of the logs",
  initial: "all",
  read: (given) => (/^\d{1,15}$/.test(given) ? Number(given) : "all"),
};

const when = 'timestamp (e.g. "2013-01-02T13:23:37Z") or relative (e.g. "42m" for 42 minutes)';

const flags = {
  follow: toggle("Follow log output", { short: "f" }),
  since: text(`Show logs since ${when}`),
  tail,
  timestamps: toggle("Show timestamps", { short: "t" }),
  until: text(`Show logs before a ${when}`),
};

export const logs = defineCommand({ flags, arguments: { usage: "CONTAINER", least: 1, most: 1 }, interspersed: true, run });

async function run({ client, streams }: Cli, values: ValuesOf<typeof flags>, [container = ""]: readonly string[]): Promise<number> {
  await printOutput(streams, await client.containers.logs(container, values));
  return 0;
}
