import { chown, mkdir, readFile, realpath } from "node:fs/promises";
import { dirname } from "node:path";
import { EngineError } from "#errors/engine-error.ts";
import { makeVolumeFolder } from "./create.ts";
import type { Owner } from "#lib/id-mapping.ts";
import type { VolumeContext } from "./deps.ts";
import { fillVolume, finishFilling } from "./fill-volume.ts";
import { volumeNamed } from "./inspect.ts";
import { wrongMount } from "./mount-request.ts";
import type { PlannedMount } from "./planned-mount.ts";
import { checkPropagation } from "./propagation.ts";

type Deps = Pick<VolumeContext, "store" | "trees" | "locks" | "owner">;

/**
 * Before a start: sources are there, and empty volumes have had the image's content offered once.
 *
 * @param rootfs the mounted root; nothing of the container runs.
 * @throws EngineError `invalid` with Docker's texts, `not-found` for a volume that is gone.
 */
export async function prepare(deps: Deps, container: string, rootfs: string, mounts: readonly PlannedMount[]): Promise<void> {
  for (const mount of mounts) {
    if (mount.type === "bind") await prepareBind(deps, mount);
    else if (mount.volumeName !== undefined) await prepareVolume(deps, container, rootfs, mount, mount.volumeName);
  }
}

async function prepareBind({ owner }: Deps, { source, propagation, createSource }: PlannedMount): Promise<void> {
  const real = await realpath(source).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw wrongMount("bind", `${source}: ${error.message}`);
  });
  if (real === undefined) {
    if (createSource !== true) throw wrongMount("bind", `bind source path does not exist: ${source}`);
    await makeSource(source, owner);
  } else if (/shared|slave/.test(propagation)) {
    checkPropagation(real, propagation, await readFile("/proc/self/mountinfo", "utf8"));
  }
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

async function prepareVolume(deps: Deps, container: string, rootfs: string, { target, copyUp }: PlannedMount, name: string): Promise<void> {
  await deps.locks.run(name, async () => {
    volumeNamed(deps.store, name);
    const folder = deps.store.folderOf(name);
    await makeVolumeFolder(folder, deps.owner);
    await finishFilling(deps, folder);
    const use = deps.store.usesBy(container).find((candidate) => candidate.target === target);
    if (!copyUp || use === undefined || use.filled) return;
    await fillVolume(deps, folder, rootfs, target);
    deps.store.markFilled(container, target);
  });
}
