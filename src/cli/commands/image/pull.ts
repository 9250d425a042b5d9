import { text, toggle, type ValuesOf } from "../../arguments/flag.ts";
import type { Cli } from "../../cli.ts";
import { defineCommand } from "../../command.ts";
import { pullImage } from "../../pull-image.ts";
import { write } from "../../streams.ts";

const flags = {
  platform: text("Set platform if server is multi-platform capable"),
  quiet: toggle("Suppress verbose output", { short: "q" }),
};

export const pull = defineCommand({
  flags,
  arguments: { usage: "NAME[:TAG|@DIGEST]", least: 1, most: 1 },
  interspersed: true,
  run,
});

async function run(cli: Cli, values: ValuesOf<typeof flags>, [name = ""]: readonly string[]): Promise<number> {
  const platform = values.platform ?? cli.environment["DOCKER_DEFAULT_PLATFORM"];
  const reference = await pullImage(cli, name, { platform, progress: values.quiet ? undefined : cli.streams.output });
  await write(cli.streams.output, `${reference}\n`);
  return 0;
}
