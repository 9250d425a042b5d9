import { EngineError, isEngineError } from "#errors/engine-error.ts";
import { settlesWithin } from "#lib/within.ts";
import type { VolumeContext } from "../deps.ts";
import type { FoundVolume, VolumeDriver } from "../driver/contract.ts";
import { isLocal, shortName, type Volume } from "../volume.ts";

type Deps = Pick<VolumeContext, "store" | "drivers" | "holds">;

/** Nobody waits longer for a driver that was not named. */
const PATIENCE_MS = 3_000;

/** What is written down of it. @throws EngineError `not-found` with Docker's text. */
export function recordedVolume(store: Pick<VolumeContext["store"], "get">, name: string): Volume {
  const volume = store.get(name);
  if (volume === undefined) throw noSuchVolume(name);
  return volume;
}

/**
 * A volume with all that its driver says of it; one that only a driver knows is one, too.
 *
 * @throws EngineError `not-found` with Docker's text; `unavailable` when its driver cannot be asked.
 */
export async function inspectVolume(deps: Deps, name: string): Promise<Volume> {
  const volume = deps.store.get(name) ?? (await foundInDrivers(deps, name));
  if (volume === undefined) throw noSuchVolume(name);
  return await completed(deps, volume);
}

/** With what its driver says of it. */
export async function completed(deps: Deps, volume: Volume): Promise<Volume> {
  if (isLocal(volume)) return volume;
  const driver = await deps.drivers.of(volume);
  const found = await driver.find(volume.name);
  if (found === undefined) {
    throw new EngineError("not-found", `get ${shortName(volume.name)}: the driver "${volume.driver}" has no such volume any more`);
  }
  return { ...joined(volume, found, deps.holds.pathOfAny(volume.name)), scope: await driver.scope() };
}

/** Where it is mounted is where a driver said at the mount. */
function joined(volume: Volume, { mountpoint, status }: FoundVolume, path: string | undefined): Volume {
  return { ...volume, mountpoint: path ?? mountpoint, status };
}

/** As a driver has it, of whom it is known, and without anything of our own. */
export function volumeOf({ name: driver }: Pick<VolumeDriver, "name">, { name, created, mountpoint, status }: FoundVolume): Volume {
  return { name, created: created ?? "", labels: {}, driver, options: {}, mountpoint, scope: "local", status };
}

/** A volume that was made past the engine, by whichever driver has it. */
export async function foundInDrivers({ drivers }: Pick<Deps, "drivers">, name: string): Promise<Volume | undefined> {
  if ((await drivers.plugins.names()).length === 0) return undefined;
  let found: Volume | undefined;
  const search = drivers.plugins.all().then(async (plugins) => {
    await Promise.all(
      plugins.drivers.map(async (driver) => {
        const volume = await findQuietly(driver, name);
        if (volume !== undefined) found ??= volumeOf(driver, volume);
      }),
    );
  });
  await settlesWithin(search, PATIENCE_MS);
  return found;
}

async function findQuietly(driver: VolumeDriver, name: string): Promise<FoundVolume | undefined> {
  try {
    return await driver.find(name);
  } catch (error) {
    if (isEngineError(error)) return undefined;
    throw error;
  }
}

function noSuchVolume(name: string): EngineError {
  return new EngineError("not-found", `get ${shortName(name)}: no such volume`);
}
