import type { Container } from "#container/record/container.ts";
import type { Health } from "#container/health/health.ts";
import { shownStatus } from "./container-status.ts";

/** Go's zero time: it never happened. */
const NEVER = "0001-01-01T00:00:00Z";

/** `State` of an inspect. Without a check there is no `Health`: clients take an empty one for a container that is not healthy yet. */
export function stateView({ state, damage }: Pick<Container, "state" | "damage">, health: Health | undefined): object {
  const active = state.status === "running" || state.status === "paused";
  const last = "last" in state ? state.last : undefined;
  const failure = state.status === "created" ? state.failure : undefined;
  return {
    Status: shownStatus({ state, damage }),
    Running: active || state.status === "restarting",
    Paused: state.status === "paused",
    Restarting: state.status === "restarting",
    OOMKilled: last?.oomKilled ?? (active && (state.oomKills ?? 0) > 0),
    Dead: damage !== undefined && !active,
    Pid: active ? state.pid : 0,
    ExitCode: last?.exitCode ?? failure?.exitCode ?? 0,
    Error: damage ?? last?.error ?? failure?.message ?? "",
    StartedAt: timeText(active ? state.startedAt : last?.startedAt),
    FinishedAt: timeText(active ? state.finishedBefore : last?.finishedAt),
    ...(health === undefined ? {} : { Health: healthView(health) }),
  };
}

function healthView({ status, failingStreak, log }: Health): object {
  const entries = log.map(({ start, end, exitCode, output }) => ({
    Start: timeText(start),
    End: timeText(end),
    ExitCode: exitCode,
    Output: output,
  }));
  return { Status: status, FailingStreak: failingStreak, Log: entries };
}

export function timeText(milliseconds: number | undefined): string {
  return milliseconds === undefined ? NEVER : new Date(milliseconds).toISOString();
}
