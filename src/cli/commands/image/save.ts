import { resolve } from "node:path";
import { EngineError } from "#errors/engine-error.ts";
import { text, type ValuesOf } from "../../arguments/flag.ts";
import type { Cli } from "../../cli.ts";
import { defineCommand } from "../../command.ts";
import { writeFile } from "../../write-file.ts";
import { write } from "../../streams.ts";

const flags = {
  output: text("Write to a file, instead of STDOUT", { short: "o" }),
  platform: text("Save only images for this platform ('os[/arch[/variant]]')"),
};

export const save = defineCommand({
  flags,
  arguments: { usage: "IMAGE [IMAGE...]", least: 1, most: Number.POSITIVE_INFINITY },
  interspersed: true,
  run,
});

async function run({ client, streams, currentFolder }: Cli, { output, platform }: ValuesOf<typeof flags>, names: readonly string[]) {
  if (output === undefined && streams.output.isTTY === true)
    throw new EngineError("invalid", "cowardly refusing to save to a terminal. Use the -o flag or redirect");
  const archive = await client.images.save(names, { platform });
  if (output === undefined) for await (const piece of archive) await write(streams.output, piece);
  else await writeFile(resolve(currentFolder, output), archive);
  return 0;
}
