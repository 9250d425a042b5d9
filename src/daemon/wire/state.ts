import { closeSync, existsSync, mkdirSync, openSync, readdirSync, renameSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { EngineError, messageOf } from "#errors/engine-error.ts";
import type { Logger } from "#lib/logger.ts";
import { Database } from "#store/db/database.ts";
import { isDamage, isWhole, salvage } from "#store/db/salvage.ts";
import { detachMount } from "#sys/mounts/mount.ts";
import { mountPointsBelow } from "#sys/mounts/mount-table.ts";

const FILE = "dhow.db";

/**
 * Opens the engine's state. One that is damaged, or gone, is set aside together with everything that only it could have accounted for, so
 * that nothing of it is taken for a leftover and deleted; the daemon starts with what can be read.
 *
 * @throws EngineError `system` when the state was written by a newer Dhow.
 */
export async function openState(dataRoot: string, logger: Logger): Promise<Database> {
  const path = join(dataRoot, FILE);
  if (!isLost(dataRoot)) {
    const database = openWhole(path);
    if (database !== undefined) return database;
  }
  const aside = join(dataRoot, "damaged", new Date().toISOString().replaceAll(":", "-"));
  mkdirSync(aside, { recursive: true, mode: 0o700 });
  for (const name of readdirSync(dataRoot).filter((one) => [FILE, `${FILE}-wal`, `${FILE}-shm`].includes(one)))
    renameSync(join(dataRoot, name), join(aside, name));
  makeFile(path);
  const saved = salvage(join(aside, FILE), path);
  const database = Database.open(path);
  const moved = await setAside(dataRoot, aside, database);
  logger.error(
    { saved, moved, aside },
    "the engine's state is damaged: what could be read of it is in use; the rest, with containers that it does not know any more, was set aside",
  );
  return database;
}

/** A data root that was in use has a state; an empty file is none, though SQLite takes it for an empty database. */
function isLost(dataRoot: string): boolean {
  const wasInUse = existsSync(join(dataRoot, "engine-id"));
  return wasInUse && (statSync(join(dataRoot, FILE), { throwIfNoEntry: false })?.size ?? 0) === 0;
}

function openWhole(path: string): Database | undefined {
  makeFile(path);
  let database: Database | undefined;
  try {
    database = Database.open(path);
    if (isWhole(database)) return database;
  } catch (error) {
    if (!isDamage(error))
      throw error instanceof EngineError ? error : new EngineError("system", `${path}: ${messageOf(error)}`, { cause: error });
  }
  database?.close();
  return undefined;
}

/** SQLite gives its other files the mode of this one: made beforehand, none of them is ever open to others. */
function makeFile(path: string): void {
  closeSync(openSync(path, "a", 0o600));
}

/** Moves the files of containers that have no record out of the way of those who would remove them. Returns what was moved. */
async function setAside(dataRoot: string, aside: string, database: Database): Promise<string[]> {
  const known = new Set(database.read((reader) => reader.all<{ id: string }>("SELECT id FROM containers")).map(({ id }) => id));
  const drivers = namesIn(join(dataRoot, "snapshots"));
  const folders = ["containers", ...drivers.map((driver) => join("snapshots", driver, "writables"))];
  const moved: string[] = [];
  for (const folder of folders) {
    for (const id of namesIn(join(dataRoot, folder)).filter((one) => !known.has(one))) {
      await move(join(dataRoot, folder, id), join(aside, folder));
      moved.push(join(folder, id));
    }
  }
  return moved;
}

/** What is mounted inside would stay mounted at the new place, with nobody to unmount it. */
async function move(from: string, folder: string): Promise<void> {
  for (const point of mountPointsBelow(from).toReversed()) await detachMount(point)();
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  renameSync(from, join(folder, basename(from)));
}

function namesIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}
