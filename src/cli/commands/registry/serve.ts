import { defineCommand, NO_ARGUMENTS } from "../../command.ts";
import { hostCommands } from "../../host-commands-of.ts";
import { registryServeFlags } from "../../registry-values.ts";

export const registryServe = defineCommand({
  flags: registryServeFlags,
  arguments: NO_ARGUMENTS,
  interspersed: true,
  run: async (cli, values) => hostCommands(cli).serveRegistry(values, cli.streams, cli.debug),
});
