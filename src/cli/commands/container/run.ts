import type { ValuesOf } from "../../arguments/flag.ts";
import type { Cli } from "../../cli.ts";
import { defineCommand } from "../../command.ts";
import { CommandFailure } from "../../failure.ts";
import { createContainer } from "../../run/create-container.ts";
import { fillRequest } from "../../run/fill-request.ts";
import { runAttached } from "../../run/run-attached.ts";
import type { Apply } from "../../run/run-flag.ts";
import { runFlags } from "../../run/run-flags.ts";
import { ownFlags, settingsOf } from "../../run/settings.ts";
import { startFailure } from "../../run/start-failure.ts";
import { write } from "../../streams.ts";
import { requireTerminal } from "../../terminal/require-terminal.ts";

const flags = { ...ownFlags, ...runFlags };

export const run = defineCommand({
  flags,
  arguments: { usage: "IMAGE [COMMAND] [ARG...]", least: 1, most: Number.POSITIVE_INFINITY },
  interspersed: false,
  run: runContainer,
});

async function runContainer(cli: Cli, values: ValuesOf<typeof flags>, [image = "", ...command]: readonly string[]): Promise<number> {
  const settings = settingsOf(cli, values, image);
  requireTerminal(cli.streams, { tty: settings.tty, stdin: settings.attached.has("stdin") });
  const body = fillRequest(cli, settings, appliesOf(values), command);
  const id = await createContainer(cli, settings, body).catch((error: unknown) => {
    throw new CommandFailure(125, error);
  });
  return settings.detach ? runDetached(cli, id) : runAttached(cli, id, settings);
}

/** In the order of the table, not of the command line: files of variables come before single ones. */
function appliesOf(values: Readonly<Record<string, unknown>>): Apply[] {
  return Object.keys(runFlags).flatMap((name) => values[name] as readonly Apply[]);
}

async function runDetached({ client, streams }: Cli, id: string): Promise<number> {
  await client.containers.start(id).catch((error: unknown) => {
    throw startFailure(error);
  });
  await write(streams.output, `${id}\n`);
  return 0;
}
