import { stat } from "node:fs/promises";
import { checkRequest, createLocked, type CreateRequest } from "./create.ts";
import type { VolumeContext } from "./deps.ts";
import { type BindRequest, type NamedVolumeRequest, type TmpfsRequest, wrongMount } from "./mount-request.ts";
import { type Placement, planMounts } from "./plan-mounts.ts";
import type { PlannedMount, VolumeRequest } from "./planned-mount.ts";
import { DRIVER, newVolumeName, type Volume } from "./volume.ts";

type Deps = Pick<VolumeContext, "store" | "events" | "locks" | "owner">;

/**
 * Resolves all that a new container asks to have mounted, makes the volumes that are missing and notes who has them. What was made before
 * it throws is undone by `release`.
 *
 * @throws EngineError `invalid` with Docker's texts.
 */
export async function plan(deps: Deps, request: VolumeRequest): Promise<readonly PlannedMount[]> {
  const placements = planMounts(request);
  await Promise.all(placements.map(checkPlacement));
  const planned: PlannedMount[] = [];
  for (const placement of placements) planned.push(await place(deps, request.containerId, placement));
  return planned;
}

/** Everything that can be refused is, before anything is made. */
async function checkPlacement(placement: Placement): Promise<void> {
  if (placement.kind === "inherited") return;
  const { request } = placement;
  if (request.type === "volume") checkRequest(request.name ?? newVolumeName(), creationOf(request));
  if (request.type !== "bind" || request.createSource) return;
  const exists = await stat(request.source).then(
    () => true,
    () => false,
  );
  if (!exists) throw wrongMount("bind", `bind source path does not exist: ${request.source}`);
}

async function place(deps: Deps, container: string, placement: Placement): Promise<PlannedMount> {
  if (placement.kind === "inherited") return await inherit(deps, container, placement.mount);
  const { request } = placement;
  switch (request.type) {
    case "bind":
      return plannedBind(request);
    case "tmpfs":
      return plannedTmpfs(request);
    case "volume":
      return await placeVolume(deps, container, request);
  }
}

function plannedBind({ target, source, readOnly, propagation, options, createSource, mode }: BindRequest): PlannedMount {
  const shown = { Type: "bind", Source: source, Destination: target, Mode: mode, RW: !readOnly, Propagation: propagation } as const;
  return { type: "bind", target, source, volumeName: undefined, readOnly, propagation, copyUp: false, options, createSource, shown };
}

function plannedTmpfs({ target, readOnly, options }: TmpfsRequest): PlannedMount {
  const shown = { Type: "tmpfs", Source: "", Destination: target, Mode: "", RW: !readOnly, Propagation: "" } as const;
  return { type: "tmpfs", target, source: "", volumeName: undefined, readOnly, propagation: "", copyUp: false, options, shown };
}

/** The lock is held from the look at the volume to the note of its use, so that nobody removes it in between. */
async function placeVolume(deps: Deps, container: string, request: NamedVolumeRequest): Promise<PlannedMount> {
  const name = request.name ?? newVolumeName();
  const use = { container, target: request.target, volume: name, owned: request.name === undefined, filled: !request.copyUp };
  const volume = await deps.locks.run(name, () => createLocked(deps, name, creationOf(request), use));
  return plannedVolume(volume, request);
}

function plannedVolume({ name, mountpoint }: Volume, { name: asked, target, readOnly, copyUp, mode }: NamedVolumeRequest): PlannedMount {
  // dockerd shows a named volume of its local driver as `z` where nothing else was said.
  const shownMode = mode === "" && asked !== undefined ? "z" : mode;
  return {
    type: "volume",
    target,
    source: mountpoint,
    volumeName: name,
    readOnly,
    propagation: "",
    copyUp,
    options: [],
    shown: {
      Type: "volume",
      Name: name,
      Source: mountpoint,
      Destination: target,
      Driver: DRIVER,
      Mode: shownMode,
      RW: !readOnly,
      Propagation: "",
    },
  };
}

/** The image's content has been offered by the container that the volume comes from. */
async function inherit(deps: Deps, container: string, mount: PlannedMount): Promise<PlannedMount> {
  const name = mount.volumeName;
  if (name === undefined) return mount;
  await deps.locks.run(name, async () => {
    const owned = deps.store.usesOf(name).some((use) => use.owned);
    await createLocked(deps, name, { name, driver: "", driverOptions: {}, labels: {} });
    deps.store.addUse({ container, target: mount.target, volume: name, owned, filled: true });
  });
  return { ...mount, copyUp: false };
}

function creationOf({ name, driver, driverOptions, labels }: NamedVolumeRequest): CreateRequest {
  return { name, driver, driverOptions, labels };
}
