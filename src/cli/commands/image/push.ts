import { canonicalString, parseReference, withDefaultTag } from "#spec/reference.ts";
import { text, toggle, type ValuesOf } from "../../arguments/flag.ts";
import { UsageError } from "../../arguments/usage-error.ts";
import type { Cli } from "../../cli.ts";
import { defineCommand } from "../../command.ts";
import { registryAuth } from "../../connection/credentials.ts";
import { showProgress } from "../../progress/show-progress.ts";
import { write } from "../../streams.ts";

const flags = {
  "all-tags": toggle("Push all tags of an image to the repository", { short: "a" }),
  platform: text("Push the image only when it is for this platform ('os[/arch[/variant]]')"),
  quiet: toggle("Suppress verbose output", { short: "q" }),
};

export const push = defineCommand({ flags, arguments: { usage: "NAME[:TAG]", least: 1, most: 1 }, interspersed: true, run });

async function run(cli: Cli, values: ValuesOf<typeof flags>, [name = ""]: readonly string[]): Promise<number> {
  const { client, config, streams } = cli;
  const { platform, quiet } = values;
  const given = parseReference(name);
  const isAll = values["all-tags"];
  if (isAll && given.tag !== undefined) throw new UsageError("tag can't be used with --all-tags/-a");
  const reference = isAll ? given : withDefaultTag(given);
  if (!quiet && reference.tag !== given.tag) await write(streams.output, `Using default tag: ${reference.tag}\n`);
  const auth = await registryAuth(config, reference.domain);
  const messages = await client.images.push(reference, { platform, auth });
  if (quiet) for await (const _ of messages); // An error is a message.
  else await showProgress(streams.output, messages);
  if (quiet) await write(streams.output, `${canonicalString(reference)}\n`);
  return 0;
}
