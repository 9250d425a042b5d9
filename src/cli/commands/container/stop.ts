import { integer, text, type ValuesOf } from "../../arguments/flag.ts";
import type { Cli } from "../../cli.ts";
import { defineCommand } from "../../command.ts";
import { doEach } from "../../each.ts";

const flags = {
  signal: text("Signal to send to the container", { short: "s" }),
  timeout: integer("Seconds to wait before killing the container; -1 waits for ever", { short: "t" }),
};

export const stop = defineCommand({
  flags,
  arguments: { usage: "CONTAINER [CONTAINER...]", least: 1, most: Number.POSITIVE_INFINITY },
  interspersed: true,
  run,
});

function run({ client, streams }: Cli, { signal, timeout }: ValuesOf<typeof flags>, names: readonly string[]): Promise<number> {
  return doEach(streams, names, (name) => client.containers.stop(name, { signal, timeout }));
}
