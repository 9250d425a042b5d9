import type { Cli } from "../cli.ts";
import { consoleSize } from "../terminal/console-size.ts";
import { join } from "../terminal/join.ts";
import { rawMode } from "../terminal/raw-mode.ts";
import { followSize } from "../terminal/resize.ts";

export interface ExecOptions {
  readonly tty: boolean;
  readonly stdin: boolean;
  readonly detachKeys: string | undefined;
}

/** Starts an exec, takes part in it to its end, and gives its exit code. */
export async function runExec({ client, streams }: Cli, id: string, { tty, stdin, detachKeys }: ExecOptions): Promise<number> {
  const session = await client.exec.start(id, { Tty: tty, ...consoleSize(streams, tty) });
  using _raw = tty && stdin ? rawMode(streams) : undefined;
  using _size = tty ? followSize(streams, (size) => client.exec.resize(id, size)) : undefined;
  const ending = await join(streams, session, { stdin, detachKeys: tty ? (detachKeys ?? "") : undefined });
  if (ending === "left") return 0;
  const { ExitCode } = await client.exec.inspect(id);
  return ExitCode ?? 0;
}
