import { createReadStream } from "node:fs";
import { access } from "node:fs/promises";
import { resolve } from "node:path";
import { EngineError } from "#errors/engine-error.ts";
import { text, toggle, type ValuesOf } from "../../arguments/flag.ts";
import type { Cli } from "../../cli.ts";
import { defineCommand, NO_ARGUMENTS } from "../../command.ts";
import { showProgress } from "../../progress/show-progress.ts";

const flags = {
  input: text("Read from tar archive file, instead of STDIN", { short: "i" }),
  platform: text("Load only images for this platform ('os[/arch[/variant]]')"),
  quiet: toggle("Suppress the load output", { short: "q" }),
};

export const load = defineCommand({ flags, arguments: NO_ARGUMENTS, interspersed: true, run });

async function run({ client, streams, currentFolder }: Cli, { input, platform, quiet }: ValuesOf<typeof flags>): Promise<number> {
  if (input === undefined && streams.input.isTTY === true)
    throw new EngineError("invalid", "requested load from stdin, but stdin is empty");
  const path = input === undefined ? undefined : resolve(currentFolder, input);
  if (path !== undefined) await access(path);
  const archive = path === undefined ? streams.input : createReadStream(path);
  // Without a terminal nobody follows the layers.
  const messages = await client.images.load(archive, { quiet: quiet || streams.output.isTTY !== true, platform });
  await showProgress(streams.output, messages);
  return 0;
}
