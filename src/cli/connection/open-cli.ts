import { join } from "node:path";
import type { ValuesOf } from "../arguments/flag.ts";
import type { Cli } from "../cli.ts";
import type { globalFlags } from "../global-flags.ts";
import { readConfigFile } from "./config-file.ts";
import { clientOf } from "./connect.ts";
import { readContext } from "./contexts.ts";
import { resolveEndpoint } from "./endpoint.ts";
import { customHeaders } from "./headers.ts";

/** Finds out which daemon is meant, and makes a client of it. Nothing is sent yet. */
export function openCli(
  host: Pick<Cli, "streams" | "environment" | "currentFolder" | "hostCommands">,
  flags: Partial<ValuesOf<typeof globalFlags>>,
): Cli {
  const { environment } = host;
  const configFolder = flags.config ?? environment["DOCKER_CONFIG"] ?? join(environment["HOME"] ?? "/", ".docker");
  const config = readConfigFile(configFolder, environment["DOCKER_AUTH_CONFIG"]);
  const endpoint = resolveEndpoint({
    flags,
    environment,
    currentContext: config.currentContext,
    configFolder,
    readContext: (name) => readContext(configFolder, name),
  });
  const settings = {
    apiVersion: environment["DOCKER_API_VERSION"],
    headers: customHeaders(config, environment["DOCKER_CUSTOM_HEADERS"]),
  };
  return { ...host, debug: flags.debug === true, config, configFolder, context: endpoint.context, client: clientOf(endpoint, settings) };
}
