import { parseReference } from "#spec/reference.ts";
import { text, type ValuesOf } from "../../arguments/flag.ts";
import { UsageError } from "../../arguments/usage-error.ts";
import type { Cli } from "../../cli.ts";
import { defineCommand } from "../../command.ts";
import { registryAuth } from "../../connection/credentials.ts";
import { verdictText } from "../../format/verdict-text.ts";
import { write } from "../../streams.ts";

const flags = { format: text("'json', else for a person to read") };

export const imageVerify = defineCommand({ flags, arguments: { usage: "IMAGE", least: 1, most: 1 }, interspersed: true, run });

/** 1 for an image that would not be pulled. */
async function run({ client, config, streams }: Cli, { format }: ValuesOf<typeof flags>, [name = ""]: readonly string[]): Promise<number> {
  if (format !== undefined && format !== "json") throw new UsageError(`unknown format ${JSON.stringify(format)}: there is json`);
  const reference = parseReference(name);
  const verdict = await client.images.verify(reference, { auth: await registryAuth(config, reference.domain) });
  await write(streams.output, format === "json" ? `${JSON.stringify(verdict)}\n` : verdictText(name, verdict));
  return verdict.Accepted ? 0 : 1;
}
