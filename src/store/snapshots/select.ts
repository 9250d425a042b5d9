import { chmodSync, existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { EngineError, messageOf } from "#errors/engine-error.ts";
import { idmappedMount } from "#sys/mounts/idmapped-mount.ts";
import { closeFd } from "#sys/processes/pipe.ts";
import { PASSAGE_MODE, type DriverInstance, type RemapOptions, type SnapshotDriver, type SnapshotterDeps } from "./driver.ts";
import { createOverlaySnapshotter } from "./overlay/overlay.ts";
import { overlaySupport } from "./overlay/overlay-support.ts";
import { btrfsSupport, createBtrfsSnapshotter } from "./whole/btrfs.ts";
import { createVfsSnapshotter } from "./whole/vfs.ts";

/** Every driver there is, in the order of preference. */
const snapshotDrivers = {
  overlay2: { supported: overlaySupport, create: createOverlaySnapshotter },
  btrfs: { supported: btrfsSupport, create: createBtrfsSnapshotter },
  vfs: { supported: () => ({ supported: true }), create: createVfsSnapshotter },
} as const satisfies Record<string, SnapshotDriver>;

export type SnapshotDriverName = keyof typeof snapshotDrivers;

export interface SelectOptions {
  /** Each driver works in a folder of its own name here. */
  readonly dataRoot: string;
  readonly bootId: string;
  /** The one that the configuration names. */
  readonly driver?: string | undefined;
  readonly remap?: RemapOptions | undefined;
}

/**
 * The named driver, else the one that was used here before, else the best that works.
 *
 * @throws EngineError `invalid` for a name that is unknown, `conflict` where another one was used before, `not-implemented` when the
 *   driver does not work here: another one would start an engine whose images and containers seem to be gone.
 */
export function selectSnapshotter(deps: SnapshotterDeps, { dataRoot, bootId, driver, remap }: SelectOptions): DriverInstance {
  mkdirSync(dataRoot, { recursive: true, mode: 0o710 });
  if (remap !== undefined) chmodSync(dataRoot, PASSAGE_MODE);
  const name = chosenDriver(dataRoot, driver);
  const { supported, create } = snapshotDrivers[name];
  const support = supported(dataRoot);
  if (!support.supported) throw new EngineError("not-implemented", `storage driver ${name} does not work on this host: ${support.reason}`);
  const reason = remap === undefined ? undefined : remapTrouble(name, dataRoot, remap);
  if (reason !== undefined) throw new EngineError("not-implemented", `userns-remap does not work on this host: ${reason}`);
  return create(deps, { root: join(dataRoot, name), bootId, remap });
}

function chosenDriver(dataRoot: string, named: string | undefined): SnapshotDriverName {
  const before = driverUsedBefore(dataRoot);
  if (named === undefined) return before ?? bestDriver(dataRoot);
  const name = knownDriver(named);
  if (before === undefined || before === name) return name;
  throw new EngineError(
    "conflict",
    `storage driver ${name} cannot be used in ${dataRoot}: it holds images and containers of ${before}. Name that one, or another data root`,
  );
}

/** Found out at the start, and not at that of the first container. */
function remapTrouble(name: SnapshotDriverName, dataRoot: string, { userNamespace }: RemapOptions): string | undefined {
  if (name !== "overlay2") return `the storage driver is ${name}, not overlay2`;
  try {
    closeFd(idmappedMount(dataRoot, userNamespace));
    return undefined;
  } catch (error) {
    return `its kernel or the file system of ${dataRoot} knows no idmapped mounts (${messageOf(error)})`;
  }
}

const names = Object.keys(snapshotDrivers) as SnapshotDriverName[];

function knownDriver(driver: string): SnapshotDriverName {
  const name = names.find((known) => known === driver);
  if (name === undefined)
    throw new EngineError("invalid", `storage driver ${JSON.stringify(driver)} is unknown; there are ${names.join(", ")}`);
  return name;
}

function driverUsedBefore(dataRoot: string): SnapshotDriverName | undefined {
  return names.find((name) => ["layers", "writables"].some((kind) => holdsSomething(join(dataRoot, name, kind))));
}

function holdsSomething(folder: string): boolean {
  return existsSync(folder) && readdirSync(folder).length > 0;
}

function bestDriver(dataRoot: string): SnapshotDriverName {
  return names.find((name) => snapshotDrivers[name].supported(dataRoot).supported) ?? "vfs";
}
