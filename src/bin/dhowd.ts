import { readEnvironment } from "#config/env.ts";
import { parseFlags } from "#config/flags.ts";
import { helpText } from "#config/help.ts";
import { loadConfig } from "#config/load.ts";
import type { Settings } from "#config/options.ts";
import { formatApiVersion, newestApiVersion, oldestApiVersion } from "#spec/api-version.ts";
import { dhowVersion } from "#spec/identity.ts";
import { messageOf } from "#errors/engine-error.ts";

/** How the process ends: the engine, once it is loaded, has its own way. */
let leave = (code: number): never => process.exit(code);

leave(await main());

/** @returns the exit code. */
async function main(): Promise<number> {
  try {
    return await run(parseFlags(process.argv.slice(2)));
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n`);
    return 1;
  }
}

async function run(flags: Settings): Promise<number> {
  if (flags.help === true) return print(process.stdout, helpText());
  if (flags.version === true) return print(process.stdout, versionText());
  const environment = readEnvironment(process.env, process.pid);
  const loaded = loadConfig(flags, environment);
  // Nothing of the engine is loaded for what has been answered by now.
  const daemon = await import("#daemon/main.ts");
  leave = daemon.leave;
  daemon.checkFiles(loaded.config);
  if (flags.doctor !== undefined) return daemon.doctor(loaded.config, flags.doctor, (text) => print(process.stdout, text));
  if (flags.validate === true) return print(process.stderr, "configuration OK\n");
  return daemon.serve(flags, loaded, environment);
}

function print(stream: NodeJS.WriteStream, text: string): number {
  stream.write(text);
  return 0;
}

function versionText(): string {
  return `dhowd version ${dhowVersion}, Docker API ${formatApiVersion(oldestApiVersion)} to ${formatApiVersion(newestApiVersion)}\n`;
}
