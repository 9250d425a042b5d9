import { EngineError } from "#errors/engine-error.ts";
import { engineLabels } from "../create/engine-labels.ts";

/** What is done about a container that has become unhealthy. Docker leaves it alone. */
export type HealthOnFailure = "none" | "restart";

const VALUES: readonly string[] = ["none", "restart"];

/**
 * @param usual of containers whose label says nothing.
 * @throws EngineError `invalid` for a label that makes no sense.
 */
export function healthOnFailure(labels: Readonly<Record<string, string>>, usual: HealthOnFailure): HealthOnFailure {
  const value = labels[engineLabels.healthOnFailure];
  if (value === undefined) return usual;
  if (!VALUES.includes(value)) {
    throw new EngineError("invalid", `invalid label ${engineLabels.healthOnFailure}=${value}: want ${VALUES.join(" or ")}`);
  }
  return value as HealthOnFailure;
}

const SECOND = 1000;
const FIRST_DELAY = 10 * SECOND;
const LONGEST_DELAY = 300 * SECOND;
/** A run this long before it became unhealthy is taken for a new trouble. */
const WELL_AFTER = 600 * SECOND;

/**
 * How long to wait before a restart: the first comes at once, then 10 s, doubling up to 5 minutes. What a restart does not mend, ten
 * of them a minute do not mend either.
 *
 * @param previous the wait before; undefined for the first.
 * @param ranMs how long the run took in which it became unhealthy.
 */
export function unhealthyDelay(previous: number | undefined, ranMs: number): number {
  if (previous === undefined || ranMs >= WELL_AFTER) return 0;
  return Math.min(Math.max(previous * 2, FIRST_DELAY), LONGEST_DELAY);
}
