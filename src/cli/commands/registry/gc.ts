import { defineCommand, NO_ARGUMENTS } from "../../command.ts";
import { hostCommands } from "../../host-commands-of.ts";
import { registryCollectFlags } from "../../registry-values.ts";

export const registryGc = defineCommand({
  flags: registryCollectFlags,
  arguments: NO_ARGUMENTS,
  interspersed: true,
  run: async (cli, values) => hostCommands(cli).collectRegistry(values, cli.streams, cli.debug),
});
