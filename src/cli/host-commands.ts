import type { RegistryCollectValues, RegistryServeValues } from "./registry-values.ts";
import type { Streams } from "./streams.ts";

/**
 * Commands that act on this host instead of asking an engine: what they do is built where everything may be (`bin/`), and handed in. The
 * command line itself only reads their flags. Each resolves to the exit code.
 */
export interface HostCommands {
  serveRegistry(values: RegistryServeValues, streams: Streams, debug: boolean): Promise<number>;
  collectRegistry(values: RegistryCollectValues, streams: Streams, debug: boolean): Promise<number>;
}
