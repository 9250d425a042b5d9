import { fstatSync } from "node:fs";
import { stat } from "node:fs/promises";
import { EngineError, messageOf } from "#errors/engine-error.ts";
import { SystemCallError } from "#sys/ffi.ts";
import { RootFolder } from "#sys/files/in-root.ts";
import { MountTree } from "#sys/mounts/mount-tree.ts";
import { closeFd } from "#sys/processes/pipe.ts";
import type { VolumeContext } from "../deps.ts";
import { wrongMount } from "../request/mount-request.ts";
import type { PlannedMount, PrepareRequest } from "../request/planned-mount.ts";
import { imageReservation } from "./image-mount.ts";

const O_PATH = 0x20_0000;

type Deps = Pick<VolumeContext, "stage" | "ownerNamespaces" | "images" | "logger">;

export interface Staged {
  readonly path: string;
  readonly isFolder: boolean;
}

/**
 * Puts a part of a volume where a holder's mounts stand. The kernel opens it inside the volume, links and all, and what is mounted is what was opened:
 * whoever changes the volume meanwhile gets nothing of the host (CVE-2021-25741, CVE-2017-1002101).
 */
export async function stageSubpath({ stage }: Deps, holder: string, mount: PlannedMount, index: number): Promise<Staged> {
  using tree = treeInside(mount.source, mount.subpath ?? "", mount.type);
  return { path: await stage.put(holder, index, tree), isFolder: fstatSync(tree.fd).isDirectory() };
}

/** Puts the content of an image, or a part of it, where a holder's mounts stand. */
export async function stageImage(
  { stage, images }: Deps,
  { container, holder }: PrepareRequest,
  mount: PlannedMount,
  index: number,
): Promise<void> {
  using tree = await images.withRoot(imageReservation(container, mount.target), (root) => treeInside(root, mount.subpath ?? "/", "image"));
  await stage.put(holder, index, tree);
}

/**
 * Puts a bind, seen through the mapping of its folder's owner to the container's user, where a holder's mounts stand. A folder of root's is
 * shown as it is: otherwise a user without rights in the container would make files of root's. So is one whose owner the user is.
 *
 * @throws EngineError `invalid` where its file system cannot do that and it was asked for.
 */
export async function stageBind(deps: Deps, { holder, user }: PrepareRequest, mount: PlannedMount, index: number): Promise<void> {
  const stats = await stat(mount.source);
  const who = user();
  if (stats.uid === 0 || stats.uid === who.uid || !(stats.isDirectory() || stats.isFile())) return;
  using tree = MountTree.clone(mount.source, { recursive: !mount.options.includes("bind") });
  try {
    await deps.ownerNamespaces.with(stats, who, (namespace) => tree.mapOwners(namespace));
  } catch (cause) {
    if (mount.ownerMapping === "required") throw cannotMap(mount.source, cause);
    return deps.logger.warn(
      { source: mount.source, error: messageOf(cause) },
      "the owners of a bind cannot be mapped; it is shown as it is",
    );
  }
  if (!/shared|slave/.test(mount.propagation)) tree.separate();
  await deps.stage.put(holder, index, tree);
}

function treeInside(root: string, subpath: string, type: string): MountTree {
  using folder = new RootFolder(root);
  let fd: number;
  try {
    fd = folder.open(subpath, O_PATH);
  } catch (cause) {
    if (!(cause instanceof SystemCallError)) throw cause;
    throw wrongMount(type, `cannot access path ${JSON.stringify(subpath)} in the ${type}: ${cause.code}`);
  }
  try {
    if (fstatSync(fd).isSymbolicLink()) throw wrongMount(type, `${JSON.stringify(subpath)} is a link that leads nowhere`);
    return MountTree.cloneOf(fd);
  } finally {
    closeFd(fd);
  }
}

function cannotMap(source: string, cause: unknown): EngineError {
  const reason = cause instanceof SystemCallError && cause.code === "EINVAL" ? "a file system in it cannot do that" : messageOf(cause);
  return new EngineError("invalid", `idmap=auto: the owners of ${source} cannot be mapped: ${reason}`, { cause });
}
