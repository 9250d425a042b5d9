import type { EngineClient } from "#client/engine-client.ts";
import type { CliConfigFile } from "./connection/config-file.ts";
import type { HostCommands } from "./host-commands.ts";
import type { Streams } from "./streams.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** What a command is given: everything that it may touch. */
export interface Cli {
  readonly client: EngineClient;
  /** The context that the client is of. */
  readonly context: string;
  readonly streams: Streams;
  readonly config: CliConfigFile;
  /** Where the configuration lies. */
  readonly configFolder: string;
  readonly environment: Environment;
  readonly currentFolder: string;
  /** `-D`: say more. */
  readonly debug: boolean;
  /** Undefined where the program can act on no host. */
  readonly hostCommands?: HostCommands | undefined;
}
