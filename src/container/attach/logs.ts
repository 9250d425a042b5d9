import { EngineError } from "#errors/engine-error.ts";
import type { LogQuery } from "#logs/contract.ts";
import { countsAsRunning, type Container } from "../record/container.ts";
import type { ContainerContext } from "../deps.ts";
import { logDetailsOf, logLayoutOf } from "../create/log-config.ts";
import { containerPaths } from "../record/paths.ts";

export interface LogsOptions extends Omit<LogQuery, "follow"> {
  readonly follow: boolean;
  readonly timestamps: boolean;
  readonly details: boolean;
}

export interface ContainerLogs {
  /** Its output came from a terminal: there is one stream, and no frames on the wire. */
  readonly tty: boolean;
  /** As Docker's clients expect it: frames, or without a terminal's. */
  readonly content: AsyncIterable<Uint8Array>;
}

export type LogsDeps = Pick<ContainerContext, "store" | "logs" | "waiters" | "options">;

/**
 * What a container has written, and with `follow` what it goes on to write until it comes to rest.
 *
 * @throws EngineError `not-found`, `invalid` when no stream is asked for, `not-implemented` for a log driver that cannot be read.
 */
export function containerLogs(deps: LogsDeps, reference: string, options: LogsOptions, signal: AbortSignal): ContainerLogs {
  if (!options.stdout && !options.stderr) throw new EngineError("invalid", "Bad parameters: you must choose at least one stream");
  const container = deps.store.find(reference);
  requireReadableLog(container);
  const { follow, timestamps, details, ...query } = options;
  const end = follow && countsAsRunning(container.state) ? endOf(deps, container.id, signal) : undefined;
  const { logs } = containerPaths(deps.options.instance, container.id);
  const tty = container.config.Tty ?? false;
  // The space stands there also when there is nothing to show, as with Docker.
  const format = { framed: !tty, timestamps, details: details ? `${logDetailsOf(container)} ` : "" };
  return { tty, content: deps.logs.stream(logs, { ...query, follow: end }, format, signal) };
}

/** @throws EngineError `not-implemented` with Docker's text, which compose knows. */
export function requireReadableLog(container: Container): void {
  if (logLayoutOf(container) !== undefined) return;
  throw new EngineError("not-implemented", "configured logging driver does not support reading");
}

/** The reader stops when the signal aborts, whatever becomes of this. */
async function endOf({ waiters }: LogsDeps, id: string, signal: AbortSignal): Promise<void> {
  await waiters.next(id, "exit", signal).catch(() => undefined);
}
