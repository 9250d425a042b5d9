import { chown, mkdir, readFile, realpath } from "node:fs/promises";
import { dirname } from "node:path";
import { EngineError } from "#errors/engine-error.ts";
import type { Owner } from "#lib/id-mapping.ts";
import { mountFlagsOf } from "#sys/mounts/mount-flags.ts";
import type { VolumeContext } from "../deps.ts";
import { recordedVolume } from "../manage/inspect.ts";
import { wrongMount } from "../request/mount-request.ts";
import type { PlannedMount, PrepareRequest } from "../request/planned-mount.ts";
import { checkPropagation } from "../request/propagation.ts";
import { isPlain, type Volume } from "../volume.ts";
import { besideContent, type FillPlace, fillVolume, finishFilling, insideContent } from "./fill-volume.ts";
import { located } from "./located.ts";
import { stageBind, stageImage, stageSubpath } from "./staged.ts";

type Deps = Pick<
  VolumeContext,
  "store" | "trees" | "locks" | "owner" | "drivers" | "holds" | "stage" | "ownerNamespaces" | "images" | "logger"
>;

/**
 * Before a start: sources are there, volumes are mounted, and empty ones have had the image's content offered once.
 *
 * @returns the mounts with the sources that they have for this holder, until `unmountFor`; also when this throws, that has to be called.
 * @throws EngineError `invalid` with Docker's texts, `not-found` for a volume that is gone, `unavailable` for a driver that is.
 */
export async function prepare(deps: Deps, request: PrepareRequest): Promise<readonly PlannedMount[]> {
  const { mounts, holder } = request;
  const mounted = new Map<string, string>();
  for (const [index, mount] of mounts.entries()) {
    if (mount.type === "bind") await prepareBind(deps, request, mount, index);
    else if (mount.type === "image") await stageImage(deps, request, mount, index);
    else if (mount.volumeName !== undefined) await prepareVolume(deps, request, { mount, index, name: mount.volumeName }, mounted);
  }
  return await Promise.all(located(deps, holder, mounts).map(withSourceFlags));
}

/** Of the mount that its source lies on. */
async function withSourceFlags(mount: PlannedMount): Promise<PlannedMount> {
  const sourceFlags = mount.source === "" ? [] : await mountFlagsOf(mount.source);
  return sourceFlags.length === 0 ? mount : { ...mount, sourceFlags };
}

async function prepareBind(deps: Deps, request: PrepareRequest, mount: PlannedMount, index: number): Promise<void> {
  const { source, propagation, createSource } = mount;
  const real = await realpath(source).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw wrongMount("bind", `${source}: ${error.message}`);
  });
  if (real === undefined) {
    if (createSource !== true) throw wrongMount("bind", `bind source path does not exist: ${source}`);
    await makeSource(source, deps.owner);
  } else if (/shared|slave/.test(propagation)) {
    checkPropagation(real, propagation, await readFile("/proc/self/mountinfo", "utf8"));
  }
  if (mount.ownerMapping !== undefined) await stageBind(deps, request, mount, index);
}

async function makeSource(source: string, owner: Owner | undefined): Promise<void> {
  try {
    const first = await mkdir(source, { recursive: true, mode: 0o755 });
    if (owner !== undefined && first !== undefined) await chownNew(source, first, owner);
  } catch (cause) {
    throw new EngineError(
      "invalid",
      `error while creating mount source path '${source}': mkdir ${source}: ${String((cause as NodeJS.ErrnoException).code)}`,
      { cause },
    );
  }
}

/** Every folder that was made, from the innermost up to the first. */
async function chownNew(source: string, first: string, { uid, gid }: Owner): Promise<void> {
  for (let path = source; path.startsWith(first); path = dirname(path)) await chown(path, uid, gid);
}

interface VolumeMount {
  readonly mount: PlannedMount;
  readonly index: number;
  readonly name: string;
}

/** @param mounted what this call has mounted, and where: two mounts of one container have a volume once. */
async function prepareVolume(
  deps: Deps,
  request: PrepareRequest,
  { mount, index, name }: VolumeMount,
  mounted: Map<string, string>,
): Promise<void> {
  await deps.locks.run(name, async () => {
    const volume = recordedVolume(deps.store, name);
    const content = mounted.get(name) ?? (await mountVolume(deps, volume, request.holder));
    mounted.set(name, content);
    const place = isPlain(volume) ? besideContent(deps.store.folderOf(name)) : insideContent(content);
    if (isPlain(volume)) await finishFilling(deps, place);
    if (mount.subpath === undefined) return await offerImage(deps, request, mount, place);
    const staged = await stageSubpath(deps, request.holder, { ...mount, source: content }, index);
    if (staged.isFolder) await offerImage(deps, request, mount, insideContent(staged.path));
  });
}

/** A plain one is there without being held. */
async function mountVolume(deps: Deps, volume: Volume, holder: string): Promise<string> {
  return isPlain(volume) ? await deps.drivers.local.mount(volume, holder, true) : await deps.holds.mount(volume, holder);
}

async function offerImage(
  deps: Deps,
  { container, rootfs }: PrepareRequest,
  { target, copyUp }: PlannedMount,
  place: FillPlace,
): Promise<void> {
  const use = deps.store.usesBy(container).find((candidate) => candidate.target === target);
  if (!copyUp || use === undefined || use.filled) return;
  if (place.content === place.work) await finishFilling(deps, place);
  await fillVolume(deps, place, rootfs, target);
  deps.store.markFilled(container, target);
}
