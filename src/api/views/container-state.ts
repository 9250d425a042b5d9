import type { Container } from "#container/container.ts";

/** Go's zero time: it never happened. */
const NEVER = "0001-01-01T00:00:00Z";

/**
 * `State` of an inspect. There is no `Health`: this engine does not run health checks yet, and a `Health` that never changes would
 * make clients wait for ever.
 */
export function stateView({ state }: Pick<Container, "state">): object {
  const active = state.status === "running" || state.status === "paused";
  const last = "last" in state ? state.last : undefined;
  const failure = state.status === "created" ? state.failure : undefined;
  return {
    Status: state.status,
    Running: active || state.status === "restarting",
    Paused: state.status === "paused",
    Restarting: state.status === "restarting",
    OOMKilled: last?.oomKilled ?? false,
    Dead: false,
    Pid: active ? state.pid : 0,
    ExitCode: last?.exitCode ?? failure?.exitCode ?? 0,
    Error: last?.error ?? failure?.message ?? "",
    StartedAt: timeText(active ? state.startedAt : last?.startedAt),
    FinishedAt: timeText(active ? state.finishedBefore : last?.finishedAt),
  };
}

export function timeText(milliseconds: number | undefined): string {
  return milliseconds === undefined ? NEVER : new Date(milliseconds).toISOString();
}
