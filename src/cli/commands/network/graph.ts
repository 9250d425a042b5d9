import { type Flag, invalid, type ValuesOf } from "../../arguments/flag.ts";
import type { Cli } from "../../cli.ts";
import { defineCommand } from "../../command.ts";
import { graphSvg } from "../../graph/graph-svg.ts";
import { graphText } from "../../graph/graph-text.ts";
import { networkGraph as graphOf, type NetworkGraph } from "../../graph/network-graph.ts";
import { write } from "../../streams.ts";

const DRAWERS: Readonly<Record<string, (graph: NetworkGraph) => string>> = { text: graphText, svg: graphSvg };

const format: Flag<string> = {
  value: "string",
  help: "text or svg",
  initial: "text",
  read: (text) => (Object.hasOwn(DRAWERS, text) ? text : invalid("must be text or svg")),
};

const flags = { format };

/** Draws networks, the containers that run on them, their addresses and published ports. */
export const networkGraph = defineCommand({
  flags,
  arguments: { usage: "[NETWORK...]", least: 0, most: Number.POSITIVE_INFINITY },
  interspersed: true,
  run,
});

async function run({ client, streams }: Cli, values: ValuesOf<typeof flags>, names: readonly string[]): Promise<number> {
  const [networks, containers] = await Promise.all([
    names.length === 0 ? client.networks.list() : Promise.all([...new Set(names)].map((name) => client.networks.inspect(name))),
    client.containers.list(),
  ]);
  const draw = DRAWERS[values.format] ?? graphText;
  await write(streams.output, draw(graphOf(networks, containers)));
  return 0;
}
