import type { Cli } from "../../cli.ts";
import { defineCommand } from "../../command.ts";
import { credentialKey, registryOf } from "../../connection/credentials.ts";
import { forgetCredential } from "../../connection/keep-credentials.ts";
import { write } from "../../streams.ts";

export const logout = defineCommand({ flags: {}, arguments: { usage: "[SERVER]", least: 0, most: 1 }, interspersed: true, run });

async function run(cli: Cli, _: object, [server = ""]: readonly string[]): Promise<number> {
  const registry = registryOf(server);
  await write(cli.streams.output, `Removing login credentials for ${credentialKey(registry)}\n`);
  await forgetCredential(cli, registry);
  return 0;
}
