import { exitCodeOf, isActive, type Container } from "../record/container.ts";
import type { Health } from "../health/health.ts";
import type { Condition } from "./boot-order.ts";

/** `never`: nothing that is under way will make it so, and who waits for it waits no longer. */
export type Readiness = "ready" | "not-yet" | "never";

/** A container that somebody waits for, as it is now. */
export interface Awaited {
  /** Undefined when it is gone. */
  readonly container: Container | undefined;
  readonly health: Health | undefined;
  /** It is about to be started, or started again. */
  readonly coming: boolean;
}

export function readiness(condition: Condition, { container, health, coming }: Awaited): Readiness {
  if (container === undefined) return "never";
  const { state } = container;
  const otherwise = coming || state.status === "restarting" ? "not-yet" : "never";
  if (condition === "service_completed_successfully") {
    if (isActive(state)) return "not-yet";
    return state.status === "exited" && exitCodeOf(state) === 0 && !coming ? "ready" : otherwise;
  }
  if (!isActive(state)) return otherwise;
  // Without a check there is nothing more to be known than that it runs, as for Compose's own `up`.
  if (condition === "service_started" || health === undefined || health.status === "healthy") return "ready";
  // An unhealthy database may be replaying its log: it is what the condition is there for.
  return "not-yet";
}
