import { EngineError } from "#errors/engine-error.ts";
import { type Filters, matchesAny, matchesLabels } from "#spec/filters.ts";
import { DRIVER, type Volume } from "./volume.ts";
import type { VolumeStore } from "./volume-store.ts";

const TRUE = ["1", "t", "true"];
const FALSE = ["0", "f", "false"];

/** By name. @throws EngineError `invalid` for a value that is no boolean. */
export function listVolumes(store: Pick<VolumeStore, "all" | "useCounts">, filters: Filters): Volume[] {
  const dangling = booleanFilter(filters, "dangling");
  const counts = store.useCounts();
  return store
    .all()
    .filter(
      (volume) =>
        matchesAny(filters, "name", (pattern) => matchesName(volume.name, pattern)) &&
        matchesAny(filters, "driver", (driver) => driver === DRIVER) &&
        matchesLabels(filters, volume.labels) &&
        (dangling === undefined || dangling !== counts.has(volume.name)),
    );
}

/** A part of the name; `^` and `$` hold on to its ends. Docker takes any regular expression, which a client could make run for hours. */
function matchesName(name: string, pattern: string): boolean {
  const [fromStart, toEnd] = [pattern.startsWith("^"), pattern.endsWith("$")];
  const part = pattern.slice(fromStart ? 1 : 0, toEnd ? -1 : undefined);
  if (fromStart && toEnd) return name === part;
  if (fromStart) return name.startsWith(part);
  return toEnd ? name.endsWith(part) : name.includes(part);
}

/** Undefined when it is not asked for. */
export function booleanFilter(filters: Filters, key: string): boolean | undefined {
  const values = filters.get(key) ?? [];
  const [value] = values;
  if (value === undefined) return undefined;
  const lower = value.toLowerCase();
  if (values.length > 1 || !(TRUE.includes(lower) || FALSE.includes(lower))) {
    throw new EngineError("invalid", `invalid filter '${key}=${JSON.stringify(values)}'`);
  }
  return TRUE.includes(lower);
}
