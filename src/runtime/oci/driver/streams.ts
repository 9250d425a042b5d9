import { EngineError } from "#errors/engine-error.ts";
import { SystemCallError } from "#sys/ffi.ts";
import type { ContainerStreams } from "../../contract.ts";
import { OutputHub } from "../../monitor/output-hub.ts";
import { closesStdin } from "../../monitor/record.ts";
import { type StdinMark, StdinPort, takeStdin } from "../../monitor/stdin-port.ts";
import { ClientStreams, type StdinRoute } from "../../monitor/streams.ts";
import type { LiveContainer } from "./context.ts";

/** @throws EngineError `conflict` when the container has ended. */
export function attachTo(live: LiveContainer): ContainerStreams {
  const hub = hubOf(live);
  const onClose = (): void => releaseHub(live);
  return new ClientStreams(hub, { stdin: stdinOf(live), endsStdin: closesStdin(live.record), onClose });
}

function hubOf(live: LiveContainer): OutputHub {
  if (live.hub?.closed === false) return live.hub;
  try {
    return (live.hub = new OutputHub(live.record.bundle));
  } catch (cause) {
    const busy = cause instanceof SystemCallError && cause.code === "EAGAIN";
    if (busy) throw new EngineError("system", `the monitor of container ${live.id} does not answer`, { cause });
    throw new EngineError("conflict", `container ${live.id} is not running`, { cause });
  }
}

/** Clients that come and go share a connection: the monitor, which answers one at a time, queues no more than ten. */
const LINGER_MS = 200;

/**
 * Hangs up when nobody is attached any more, so that the monitor has nothing to copy. Not before the start: the monitor answers one
 * call at a time, and the next client's has to be answered when the first byte comes. And not where it takes that for the end of
 * the container's stdin.
 */
export function releaseHub(live: LiveContainer): void {
  if (live.hub?.idle === true) setTimeout(() => hangUp(live), LINGER_MS).unref();
}

function hangUp(live: LiveContainer): void {
  const wanted = live.state === "created" || (live.stdin?.kind === "relay" && closesStdin(live.record));
  if (live.hub?.idle !== true || wanted) return;
  live.hub.close();
  live.hub = undefined;
}

/**
 * Where a client's end is to end the container's stdin, the monitor closes its own copy as soon as any client lets go, one that only
 * watches too. So the daemon takes its copy before there can be a client.
 */
export function holdStdin(live: LiveContainer): void {
  if (closesStdin(live.record)) stdinOf(live);
}

/** One route for all clients: whoever closes stdin closes it for all. */
function stdinOf(live: LiveContainer): StdinRoute {
  return (live.stdin ??= findStdin(live));
}

function findStdin(live: LiveContainer): StdinRoute {
  const mark = markOf(live);
  if (mark === undefined) return { kind: "none" };
  try {
    const fd = takeStdin(live.processes.monitor, mark);
    return fd === undefined ? { kind: "none" } : { kind: "direct", port: new StdinPort(fd) };
  } catch (error) {
    if (error instanceof SystemCallError && error.code === "EPERM") return { kind: "relay" };
    throw error;
  }
}

function markOf({ record, processes }: LiveContainer): StdinMark | undefined {
  if (!record.stdin) return undefined;
  if (record.tty) return { kind: "terminal" };
  return processes.stdinPipe === undefined ? undefined : { kind: "pipe", link: processes.stdinPipe };
}
