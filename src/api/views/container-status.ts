import type { Container } from "#container/record/container.ts";
import type { Health } from "#container/health/health.ts";

const SECOND = 1000;

/**
 * How long ago, in the words of Docker's go-units: rough on purpose, and matched by scripts.
 *
 * @param milliseconds a span; less than a second, also negative, is "Less than a second".
 */
export function humanDuration(milliseconds: number): string {
  const seconds = Math.trunc(milliseconds / SECOND);
  const minutes = Math.trunc(seconds / 60);
  const hours = Math.round(milliseconds / (3600 * SECOND));
  if (seconds < 1) return "Less than a second";
  if (seconds === 1) return "1 second";
  if (seconds < 60) return `${seconds} seconds`;
  if (minutes === 1) return "About a minute";
  if (minutes < 60) return `${minutes} minutes`;
  return humanHours(hours);
}

function humanHours(hours: number): string {
  if (hours === 1) return "About an hour";
  if (hours < 48) return `${hours} hours`;
  if (hours < 24 * 7 * 2) return `${Math.trunc(hours / 24)} days`;
  if (hours < 24 * 30 * 2) return `${Math.trunc(hours / 24 / 7)} weeks`;
  if (hours < 24 * 365 * 2) return `${Math.trunc(hours / 24 / 30)} months`;
  return `${Math.trunc(hours / 24 / 365)} years`;
}

type Shown = Pick<Container, "state" | "damage">;

/** One whose record is damaged is dead when it does not run (`statusOf` in container/, whose values this layer does not import). */
export function shownStatus({ state, damage }: Shown): string {
  const runs = state.status === "running" || state.status === "paused" || state.status === "restarting";
  return damage !== undefined && !runs ? "dead" : state.status;
}

/** The column STATUS of `docker ps`. */
export function statusText({ state, damage }: Shown, health: Health | undefined, now: number): string {
  if (shownStatus({ state, damage }) === "dead") return "Dead";
  switch (state.status) {
    case "created":
      return "Created";
    case "running":
      return `Up ${humanDuration(now - state.startedAt)}${healthText(health)}`;
    case "paused":
      return `Up ${humanDuration(now - state.startedAt)} (Paused)`;
    case "restarting":
      return `Restarting (${state.last.exitCode}) ${humanDuration(now - state.last.finishedAt)} ago`;
    case "exited":
      return `Exited (${state.last.exitCode}) ${humanDuration(now - state.last.finishedAt)} ago`;
  }
}

function healthText(health: Health | undefined): string {
  if (health === undefined) return "";
  return health.status === "starting" ? " (health: starting)" : ` (${health.status})`;
}
