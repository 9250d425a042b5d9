import { stat } from "node:fs/promises";
import { EngineError, isEngineError } from "#errors/engine-error.ts";
import { checkRequest, createLocked, type CreateRequest } from "../manage/create.ts";
import type { BindOwner, VolumeContext } from "../deps.ts";
import { completed } from "../manage/inspect.ts";
import { type BindRequest, type ImageRequest, type NamedVolumeRequest, type TmpfsRequest, wrongMount } from "../request/mount-request.ts";
import { type Placement, planMounts } from "../request/plan-mounts.ts";
import type { PlannedMount, VolumeRequest } from "../request/planned-mount.ts";
import { isLocal, newVolumeName, type Volume } from "../volume.ts";
import { imageReservation } from "./image-mount.ts";

type Deps = Pick<VolumeContext, "store" | "events" | "locks" | "drivers" | "holds" | "images" | "bindOwner">;

/**
 * Resolves all that a new container asks to have mounted, makes the volumes that are missing and notes who has them. What was made before
 * it throws is undone by `release`.
 *
 * @throws EngineError `invalid` with Docker's texts, also for a driver that is not there: of a create that is answered with "not found" clients
 *   take the image to be missing, and pull it.
 */
export async function plan(deps: Deps, request: VolumeRequest): Promise<readonly PlannedMount[]> {
  try {
    return await planned(deps, request);
  } catch (cause) {
    throw isEngineError(cause, "not-found") ? new EngineError("invalid", cause.message, { cause }) : cause;
  }
}

async function planned(deps: Deps, request: VolumeRequest): Promise<readonly PlannedMount[]> {
  const placements = planMounts(request);
  await Promise.all(placements.map((placement) => checkPlacement(deps, placement)));
  const mounts: PlannedMount[] = [];
  for (const placement of placements) mounts.push(await place(deps, request, placement));
  return mounts;
}

/** Everything that can be refused is, before anything is made. */
async function checkPlacement(deps: Deps, placement: Placement): Promise<void> {
  if (placement.kind === "inherited") return;
  const { request } = placement;
  if (request.type === "volume") await checkRequest(deps, request.name ?? newVolumeName(), creationOf(request));
  if (request.type !== "bind" || request.createSource) return;
  const exists = await stat(request.source).then(
    () => true,
    () => false,
  );
  if (!exists) throw wrongMount("bind", `bind source path does not exist: ${request.source}`);
}

async function place(
  deps: Deps,
  { containerId: container, bindOwner = deps.bindOwner }: VolumeRequest,
  placement: Placement,
): Promise<PlannedMount> {
  if (placement.kind === "inherited") return await inherit(deps, container, placement.mount);
  const { request } = placement;
  switch (request.type) {
    case "bind":
      return plannedBind(request, bindOwner);
    case "image":
      return await placeImage(deps, container, request);
    case "tmpfs":
      return plannedTmpfs(request);
    case "volume":
      return await placeVolume(deps, container, request);
  }
}

function plannedBind(request: BindRequest, bindOwner: BindOwner): PlannedMount {
  const { target, source, readOnly, propagation, options, createSource, mode } = request;
  const ownerMapping = request.owner === "auto" ? "required" : request.owner === undefined && bindOwner === "auto" ? "wanted" : undefined;
  const shown = { Type: "bind", Source: source, Destination: target, Mode: mode, RW: !readOnly, Propagation: propagation } as const;
  const common = { target, source, volumeName: undefined, readOnly, propagation, copyUp: false, options, shown };
  return { type: "bind", ...common, createSource, ...(ownerMapping === undefined ? {} : { ownerMapping }) };
}

/** Its layers stay for as long as the container does. */
async function placeImage({ images }: Deps, container: string, { target, image, subpath }: ImageRequest): Promise<PlannedMount> {
  const { id, topLayer } = await images.resolve(image);
  await images.reserve(imageReservation(container, target), topLayer);
  const shown = { Type: "image", Name: image, Source: id, Destination: target, Mode: "", RW: false, Propagation: "" } as const;
  const common = { volumeName: undefined, readOnly: true, propagation: "", copyUp: false, options: [], shown };
  return { type: "image", target, source: "", ...common, ...(subpath === undefined ? {} : { subpath }) };
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
  return plannedVolume(isLocal(volume) ? volume : await completed(deps, volume), request);
}

function plannedVolume({ name, mountpoint, driver }: Volume, request: NamedVolumeRequest): PlannedMount {
  const { name: asked, target, readOnly, copyUp, mode, subpath } = request;
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
    ...(subpath === undefined ? {} : { subpath }),
    shown: {
      Type: "volume",
      Name: name,
      Source: mountpoint,
      Destination: target,
      Driver: driver,
      Mode: shownMode,
      RW: !readOnly,
      Propagation: "",
    },
  };
}

/** The image's content has been offered by the container that the volume comes from. */
async function inherit(deps: Deps, container: string, mount: PlannedMount): Promise<PlannedMount> {
  if (mount.type === "image") return await inheritImage(deps, container, mount);
  const name = mount.volumeName;
  if (name === undefined) return mount;
  await deps.locks.run(name, async () => {
    const owned = deps.store.usesOf(name).some((use) => use.owned);
    await createLocked(deps, name, { name, driver: "", driverOptions: {}, labels: {} });
    deps.store.addUse({ container, target: mount.target, volume: name, owned, filled: true });
  });
  return { ...mount, copyUp: false };
}

/** By its id: its name may be another image's by now. */
async function inheritImage({ images }: Deps, container: string, mount: PlannedMount): Promise<PlannedMount> {
  const { topLayer } = await images.resolve(mount.shown.Source ?? "");
  await images.reserve(imageReservation(container, mount.target), topLayer);
  return mount;
}

function creationOf({ name, driver, driverOptions, labels }: NamedVolumeRequest): CreateRequest {
  return { name, driver, driverOptions, labels };
}
