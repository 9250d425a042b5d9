import { createReadStream } from "node:fs";
import { access } from "node:fs/promises";
import { resolve } from "node:path";
import { EngineError } from "#errors/engine-error.ts";
import { text, type ValuesOf } from "../../arguments/flag.ts";
import type { Cli } from "../../cli.ts";
import { defineCommand } from "../../command.ts";
import { write } from "../../streams.ts";

const flags = { input: text("Read from an archive file, instead of STDIN", { short: "i" }) };

/** Fills a new or an empty volume from an archive. */
export const volumeImport = defineCommand({ flags, arguments: { usage: "VOLUME", least: 1, most: 1 }, interspersed: true, run });

async function run({ client, streams, currentFolder }: Cli, { input }: ValuesOf<typeof flags>, [name = ""]: readonly string[]) {
  if (input === undefined && streams.input.isTTY === true)
    throw new EngineError("invalid", "requested import from stdin, but stdin is empty");
  const path = input === undefined ? undefined : resolve(currentFolder, input);
  if (path !== undefined) await access(path);
  const { Name } = await client.volumes.import(name, path === undefined ? streams.input : createReadStream(path));
  await write(streams.output, `${Name}\n`);
  return 0;
}
