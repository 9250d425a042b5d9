import { EngineError } from "#errors/engine-error.ts";
import type { VolumeContext } from "../deps.ts";
import type { VolumeUse } from "../volume-store.ts";
import { ANONYMOUS_LABEL, DRIVER, newVolumeName, shortName, validateVolumeName, type Volume } from "../volume.ts";
import { completed, foundInDrivers } from "./inspect.ts";

export interface CreateRequest {
  /** Undefined: one is made up, and the volume is marked as anonymous. */
  readonly name: string | undefined;
  readonly driver: string;
  readonly driverOptions: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
}

type Deps = Pick<VolumeContext, "store" | "events" | "locks" | "drivers" | "holds">;

/**
 * Makes a volume; one of that name that is there already is returned as it is.
 *
 * @throws EngineError `invalid` for a name or an option, `not-found` for a driver, `unavailable` for one that cannot be asked, `conflict` for a volume of
 *   that name with another driver.
 */
export async function createVolume(deps: Deps, request: CreateRequest): Promise<Volume> {
  const name = request.name ?? newVolumeName();
  await checkRequest(deps, name, request);
  return await completed(deps, await deps.locks.run(name, () => createLocked(deps, name, request)));
}

export async function checkRequest({ drivers }: Pick<Deps, "drivers">, name: string, request: CreateRequest): Promise<void> {
  validateVolumeName(name);
  (await drivers.named(request.driver, name)).check(name, request.driverOptions);
}

/** For a caller that holds the volume's lock. @param use of the container that it is for, noted in the same step. */
export async function createLocked(deps: Deps, name: string, request: CreateRequest, use?: VolumeUse): Promise<Volume> {
  const { store, events } = deps;
  const existing = store.get(name);
  if (existing !== undefined) {
    if (!["", existing.driver].includes(request.driver)) throw nameInUse(name);
    if (use !== undefined) store.addUse(use);
    return existing;
  }
  const driver = await driverFor(deps, name, request);
  // The volume first: a record never names one that was not made.
  await (await deps.drivers.named(driver, name)).create(name, request.driverOptions);
  const labels = request.name === undefined ? { ...request.labels, [ANONYMOUS_LABEL]: "" } : request.labels;
  const record = { name, created: new Date().toISOString(), labels, options: request.driverOptions };
  store.add({ ...record, driver }, use);
  events.emit({ type: "volume", action: "create", id: name, attributes: { driver } });
  return store.get(name) as Volume;
}

/** Whom to ask for a new volume: without a word about it, a driver that has one of that name already. */
async function driverFor(deps: Deps, name: string, { name: asked, driver }: CreateRequest): Promise<string> {
  if (asked === undefined || driver !== "") return driver === "" ? DRIVER : driver;
  return (await foundInDrivers(deps, name))?.driver ?? DRIVER;
}

function nameInUse(name: string): EngineError {
  return new EngineError("conflict", `create ${shortName(name)}: conflict: volume name must be unique`);
}
