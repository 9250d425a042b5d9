import { resolve } from "node:path";
import { EngineError } from "#errors/engine-error.ts";
import { text, toggle, type ValuesOf } from "../../arguments/flag.ts";
import type { Cli } from "../../cli.ts";
import { defineCommand } from "../../command.ts";
import { writeFile } from "../../write-file.ts";
import { write } from "../../streams.ts";

const flags = {
  output: text("Write to a file, instead of STDOUT", { short: "o" }),
  uncompressed: toggle("Write a plain tar archive"),
};

/** Writes the content of a volume as an archive. */
export const volumeExport = defineCommand({ flags, arguments: { usage: "VOLUME", least: 1, most: 1 }, interspersed: true, run });

async function run(
  { client, streams, currentFolder }: Cli,
  { output, uncompressed }: ValuesOf<typeof flags>,
  [name = ""]: readonly string[],
) {
  if (output === undefined && streams.output.isTTY === true)
    throw new EngineError("invalid", "cowardly refusing to export to a terminal. Use the -o flag or redirect");
  const archive = await client.volumes.export(name, { compression: uncompressed ? "none" : "zstd" });
  if (output === undefined) for await (const piece of archive) await write(streams.output, piece);
  else await writeFile(resolve(currentFolder, output), archive);
  return 0;
}
