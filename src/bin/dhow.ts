import type { HostCommands } from "#cli/host-commands.ts";
import { runCli } from "#cli/main.ts";
import type { Streams } from "#cli/streams.ts";

/** As a shell says of a program that SIGPIPE has ended: nobody reads what it writes (`dhow logs -f web | head`). */
const BROKEN_PIPE = 141;

for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? BROKEN_PIPE : 1));
}

const exitCode = await runCli(process.argv.slice(2), {
  streams: processStreams(),
  environment: process.env,
  currentFolder: process.cwd(),
  hostCommands: process.platform === "linux" ? hostCommands() : undefined,
});
await Promise.all([process.stdout, process.stderr].map(written));
process.exit(exitCode);

/** What acts on this host is a bundle of its own, which only those commands load. */
function hostCommands(): HostCommands {
  const url = new URL(`./registry.${import.meta.url.endsWith(".ts") ? "ts" : "js"}`, import.meta.url);
  const registry = async (): Promise<HostCommands> => (await import(url.href)) as HostCommands;
  return {
    serveRegistry: async (...call) => (await registry()).serveRegistry(...call),
    collectRegistry: async (...call) => (await registry()).collectRegistry(...call),
  };
}

/** The input is opened when it is asked for: a command that does not read leaves it to the program that comes after. */
function processStreams(): Streams {
  return {
    get input() {
      return process.stdin;
    },
    output: process.stdout,
    errors: process.stderr,
    onSignal: (signals, listener) => {
      for (const signal of signals) process.on(signal, listener);
      return () => {
        for (const signal of signals) process.off(signal, listener);
      };
    },
  };
}

/** Resolves when all of it has been handed over. */
function written(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => stream.write("", () => resolve()));
}
