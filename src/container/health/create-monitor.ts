import { emitContainerEvent } from "../record/container-events.ts";
import type { ContainerContext } from "../deps.ts";
import { restartByEngine } from "../restart/restart-by-engine.ts";
import type { Health } from "./health.ts";
import { HealthMonitor } from "./health-monitor.ts";
import type { HealthStore } from "./health-store.ts";
import { healthOnFailure } from "./on-failure.ts";
import { runProbe } from "./probe.ts";
import { UnhealthyRestarts } from "./unhealthy-restarts.ts";

/**
 * The monitor over the verbs that it uses.
 *
 * @param context is complete only after this returns: the monitor is a part of it.
 */
export function createHealthMonitor(context: () => ContainerContext, healths: HealthStore): HealthMonitor {
  const restarts = new UnhealthyRestarts({
    policyOf: ({ engineLabels = {} }) => healthOnFailure(engineLabels, context().options.healthOnFailure ?? "none"),
    restart: async (id, health) => await restartUnhealthy(context(), id, health),
    get logger() {
      return context().logger;
    },
  });
  return new HealthMonitor({
    healths,
    probe: async (...probe) => await runProbe(context(), ...probe),
    find: (id) => (context().store.has(id) ? context().store.get(id) : undefined),
    onStatus: (container, health) => {
      emitContainerEvent(context().events, container, `health_status: ${health.status}`);
      restarts.noticed(container, health);
    },
    onRest: (id) => restarts.cancel(id),
    onGone: (id) => restarts.forget(id),
  });
}

/** The event tells what the last check said. */
async function restartUnhealthy(context: ContainerContext, id: string, { failingStreak, log }: Health): Promise<void> {
  const last = log.at(-1);
  const details = { failingStreak: String(failingStreak), exitCode: String(last?.exitCode ?? 0), output: last?.output ?? "" };
  context.logger.warn({ container: id, streak: failingStreak }, "restarting an unhealthy container");
  if (await restartByEngine(context, id, { action: "health_on_failure: restart", details })) context.onOwnRestart(id);
}
