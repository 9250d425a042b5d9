import { EngineError } from "#errors/engine-error.ts";
import type { ContainerStreams, OutputChunk } from "#runtime/contract.ts";
import { AttachSession } from "./attach-session.ts";
import { emitContainerEvent } from "../record/container-events.ts";
import { isActive, type Container } from "../record/container.ts";
import type { ContainerContext } from "../deps.ts";
import { parseDetachKeys } from "#spec/detach-keys.ts";
import { requireReadableLog } from "./logs.ts";
import { containerPaths } from "../record/paths.ts";
import type { StreamSession } from "./stream-session.ts";

export interface AttachOptions {
  /** First what was written so far. */
  readonly logs: boolean;
  /** Then what is written from now on, also by a run that has yet to start. */
  readonly stream: boolean;
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly detachKeys: string;
}

export type AttachDeps = Pick<ContainerContext, "store" | "runtime" | "attachments" | "events" | "logs" | "options" | "closing">;

/**
 * Connects a client to a container's stdio. The connection stands when this resolves: not a byte of what is written, or of a run that
 * is started, afterwards is missed.
 *
 * @throws EngineError `not-found`, `invalid` for detach keys, `conflict` for a paused container.
 */
export async function attachContainer(deps: AttachDeps, reference: string, options: AttachOptions): Promise<StreamSession> {
  const keys = parseDetachKeys(options.detachKeys);
  const container = deps.store.find(reference);
  if (container.state.status === "paused") {
    throw new EngineError("conflict", `container ${reference} is paused, unpause the container before attach`);
  }
  if (options.logs) requireReadableLog(container);
  emitContainerEvent(deps.events, container, "attach");
  const streams = options.stream ? await connect(deps, container) : undefined;
  const { config } = container;
  return new AttachSession({
    tty: config.Tty ?? false,
    streams: streams?.opened,
    cancel: streams?.cancel,
    replay: options.logs ? replay(deps, container, options, BigInt(Date.now() + 1) * 1_000_000n) : undefined,
    wanted: new Set([...(options.stdout ? ["stdout" as const] : []), ...(options.stderr ? ["stderr" as const] : [])]),
    stdin: options.stdin && config.OpenStdin === true,
    closesStdin: config.StdinOnce === true && config.Tty !== true,
    detachKeys: config.Tty === true ? keys : undefined,
    onDetach: () => emitContainerEvent(deps.events, container, "detach"),
  });
}

interface Connection {
  readonly opened: Promise<ContainerStreams | undefined>;
  readonly cancel: () => void;
}

async function connect(deps: AttachDeps, { id, state }: Container): Promise<Connection> {
  if (isActive(state)) {
    const streams = await deps.runtime.attach(id);
    return { opened: Promise.resolve(streams), cancel: () => streams.close() };
  }
  const pending = deps.attachments.add(id);
  return { opened: pending.streams, cancel: () => deps.attachments.drop(id, pending) };
}

/** @param until when the live streams were connected: what is in the log by then is not in them. */
async function* replay(deps: AttachDeps, { id }: Container, options: AttachOptions, until: bigint): AsyncGenerator<OutputChunk> {
  const { logs } = containerPaths(deps.options.instance, id);
  const query = { stdout: options.stdout, stderr: options.stderr, until };
  for await (const records of deps.logs.read(logs, query, deps.closing)) {
    for (const { stream, data } of records) yield { stream, data };
  }
}
