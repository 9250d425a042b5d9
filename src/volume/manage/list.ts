import { EngineError, isEngineError, messageOf } from "#errors/engine-error.ts";
import { settlesWithin } from "#lib/within.ts";
import { type Filters, matchesAny, matchesLabels } from "#spec/filters/filters.ts";
import type { VolumeContext } from "../deps.ts";
import { isLocal, type Volume } from "../volume.ts";
import { volumeOf } from "./inspect.ts";

const TRUE = ["1", "t", "true"];
const FALSE = ["0", "f", "false"];

export interface VolumeList {
  readonly volumes: readonly Volume[];
  /** Of drivers that did not answer: their volumes are shown as they are written down. */
  readonly warnings: readonly string[];
}

type Deps = Pick<VolumeContext, "store" | "drivers" | "holds">;

/** Nobody waits longer for a driver that hangs. */
const PATIENCE_MS = 3_000;

/** By name, with those that only drivers know. @throws EngineError `invalid` for a value that is no boolean. */
export async function listVolumes(deps: Deps, filters: Filters): Promise<VolumeList> {
  const dangling = booleanFilter(filters, "dangling");
  const counts = deps.store.useCounts();
  const recorded = deps.store.all();
  const { volumes, warnings } =
    (await pluginNames(deps, recorded)).length === 0 ? { volumes: recorded, warnings: [] } : await withDrivers(deps, recorded);
  const wanted = volumes.filter(
    (volume) =>
      matchesAny(filters, "name", (pattern) => matchesName(volume.name, pattern)) &&
      matchesAny(filters, "driver", (driver) => driver === volume.driver) &&
      matchesLabels(filters, volume.labels) &&
      (dangling === undefined || dangling !== counts.has(volume.name)),
  );
  return { volumes: wanted, warnings };
}

/** Of those that are there, and of those whose volumes are. */
async function pluginNames({ drivers }: Deps, recorded: readonly Volume[]): Promise<string[]> {
  const used = recorded.filter((volume) => !isLocal(volume)).map(({ driver }) => driver);
  return [...new Set([...(await drivers.plugins.names()), ...used])];
}

async function withDrivers(deps: Deps, recorded: readonly Volume[]): Promise<VolumeList> {
  const volumes = new Map(recorded.map((volume) => [volume.name, volume]));
  const warnings: string[] = [];
  await Promise.all(
    (await pluginNames(deps, recorded)).map(async (name) => {
      const asking = askDriver(deps, name);
      const answer = (await settlesWithin(asking, PATIENCE_MS)) ? await asking : `volume plugin "${name}" does not answer`;
      if (typeof answer === "string") return void warnings.push(answer);
      for (const found of answer) {
        const known = volumes.get(found.name);
        if (known === undefined) volumes.set(found.name, found);
        else if (known.driver === name)
          volumes.set(found.name, { ...known, ...pick(found), mountpoint: deps.holds.pathOfAny(found.name) ?? found.mountpoint });
      }
    }),
  );
  return { volumes: [...volumes.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1)), warnings };
}

function pick({ status, scope }: Volume): Pick<Volume, "status" | "scope"> {
  return { status, scope };
}

/** What it has, or why that is not known. One that keeps no volumes has none. */
async function askDriver({ drivers }: Deps, name: string): Promise<Volume[] | string> {
  try {
    const driver = await drivers.plugins.driver(name);
    const scope = await driver.scope();
    return (await driver.list()).map((found) => ({ ...volumeOf(driver, found), scope }));
  } catch (error) {
    return isEngineError(error, "not-found") ? [] : messageOf(error);
  }
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
