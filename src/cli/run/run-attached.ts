import type { Cli } from "../cli.ts";
import { CommandFailure } from "../failure.ts";
import { forwardSignals } from "../terminal/forward-signals.ts";
import { join } from "../terminal/join.ts";
import { rawMode } from "../terminal/raw-mode.ts";
import { followSize } from "../terminal/resize.ts";
import type { RunSettings } from "./settings.ts";
import { startFailure } from "./start-failure.ts";

/**
 * Starts a container and takes part in it to its end.
 *
 * Attached and waiting before it is started: so nothing of a container that ends at once is missed.
 *
 * @returns its exit code; 0 when the user left it with the detach keys.
 */
export async function runAttached({ client, streams }: Cli, id: string, settings: RunSettings): Promise<number> {
  const { attached, tty, detachKeys, autoRemove, sigProxy } = settings;
  const stdin = attached.has("stdin") && settings.interactive;
  const { containers } = client;
  const session = await containers.attach(id, { stdin, stdout: attached.has("stdout"), stderr: attached.has("stderr"), detachKeys });
  const { exit } = await containers.waiting(id, { condition: autoRemove ? "removed" : "next-exit" });
  using signals = sigProxy ? forwardSignals(streams, (signal) => containers.kill(id, { signal })) : undefined;
  using _raw = tty && stdin ? rawMode(streams) : undefined;
  const joined = join(streams, session, { stdin, detachKeys: tty ? (detachKeys ?? "") : undefined });
  joined.catch(() => {}); // When the start fails that is what is told.
  await start(containers, id, { session, exit, autoRemove });
  using _size = tty ? followSize(streams, (size) => containers.resize(id, size)) : undefined;
  return await Promise.race([endOf(joined, exit), ...(signals === undefined ? [] : [signals.insisted])]);
}

async function endOf(joined: Promise<"ended" | "left">, exit: Promise<Exit>): Promise<number> {
  if ((await joined) === "left") return 0;
  const { StatusCode, Error: failure } = await exit;
  if (failure?.Message !== undefined && failure.Message !== "") throw new CommandFailure(StatusCode, failure.Message);
  return StatusCode;
}

type Exit = Awaited<ReturnType<Containers["wait"]>>;
type Containers = Cli["client"]["containers"];

interface Waiting {
  readonly session: Awaited<ReturnType<Containers["attach"]>>;
  readonly exit: Promise<unknown>;
  readonly autoRemove: boolean;
}

async function start(containers: Containers, id: string, { session, exit, autoRemove }: Waiting): Promise<void> {
  try {
    await containers.start(id);
  } catch (error) {
    session.stream.destroy();
    // The daemon removes it: who is told that it failed may use its name again.
    if (autoRemove) await exit.catch(() => {});
    throw startFailure(error);
  }
}
