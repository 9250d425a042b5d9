import { chown, mkdir } from "node:fs/promises";
import type { Owner } from "#lib/id-mapping.ts";
import type { VolumeContext } from "./deps.ts";
import type { VolumeUse } from "./volume-store.ts";
import {
  ANONYMOUS_LABEL,
  DRIVER,
  newVolumeName,
  validateDriver,
  validateDriverOptions,
  validateVolumeName,
  type Volume,
} from "./volume.ts";

export interface CreateRequest {
  /** Undefined: one is made up, and the volume is marked as anonymous. */
  readonly name: string | undefined;
  readonly driver: string;
  readonly driverOptions: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
}

type Deps = Pick<VolumeContext, "store" | "events" | "locks" | "owner">;

/**
 * Makes a volume; one of that name that is there already is returned as it is.
 *
 * @throws EngineError `invalid` for a name or an option, `not-found` for a driver.
 */
export async function createVolume(deps: Deps, request: CreateRequest): Promise<Volume> {
  const name = request.name ?? newVolumeName();
  checkRequest(name, request);
  return await deps.locks.run(name, () => createLocked(deps, name, request));
}

export function checkRequest(name: string, { driver, driverOptions }: CreateRequest): void {
  validateVolumeName(name);
  validateDriver(driver, name);
  validateDriverOptions(driverOptions, name);
}

/** For a caller that holds the volume's lock. @param use of the container that it is for, noted in the same step. */
export async function createLocked({ store, events, owner }: Deps, name: string, request: CreateRequest, use?: VolumeUse): Promise<Volume> {
  const existing = store.get(name);
  if (existing !== undefined) {
    if (use !== undefined) store.addUse(use);
    return existing;
  }
  // The folder first: a record never names a folder that was not made.
  await makeVolumeFolder(store.folderOf(name), owner);
  const labels = request.name === undefined ? { ...request.labels, [ANONYMOUS_LABEL]: "" } : request.labels;
  store.add({ name, created: new Date().toISOString(), labels }, use);
  events.emit({ type: "volume", action: "create", id: name, attributes: { driver: DRIVER } });
  return store.get(name) as Volume;
}

/** The runtime of a remapped container works as that container's root, and has to pass through; the data root lets in nobody else. */
export function folderMode(owner: Owner | undefined): number {
  return owner === undefined ? 0o700 : 0o711;
}

/** Only root passes the volume's own folder; what lies inside is for the containers to see. */
export async function makeVolumeFolder(folder: string, owner: Owner | undefined): Promise<void> {
  await mkdir(folder, { recursive: true, mode: folderMode(owner) });
  const made = await mkdir(`${folder}/_data`, { recursive: true, mode: 0o755 });
  if (owner !== undefined && made !== undefined) await chown(made, owner.uid, owner.gid);
}
