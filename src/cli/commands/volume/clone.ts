import type { Cli } from "../../cli.ts";
import { defineCommand } from "../../command.ts";
import { write } from "../../streams.ts";

/** Makes a volume with the content of another. */
export const volumeClone = defineCommand({
  flags: {},
  arguments: { usage: "VOLUME NEW-VOLUME", least: 2, most: 2 },
  interspersed: true,
  run,
});

async function run({ client, streams }: Cli, _flags: object, [name = "", to = ""]: readonly string[]): Promise<number> {
  const { Name } = await client.volumes.clone(name, to);
  await write(streams.output, `${Name}\n`);
  return 0;
}
