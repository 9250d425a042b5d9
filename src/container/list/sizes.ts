import { isEngineError } from "#errors/engine-error.ts";
import type { Digest } from "#spec/digest.ts";
import { chainIds } from "#spec/oci-image/chain-id.ts";
import { readOverruns } from "#logs/keep/overruns.ts";
import type { Container } from "../record/container.ts";
import type { ContainerContext } from "../deps.ts";
import { containerPaths } from "../record/paths.ts";

export interface ContainerSizes {
  /** Bytes that the container wrote. */
  readonly writable: number;
  /** With its image. */
  readonly root: number;
}

/** Everything that it takes on the disk. */
export interface ContainerDiskUse extends ContainerSizes {
  /** Of its log's files. */
  readonly logs: number;
  /** About as much of its output was lost since it is there, because a rotation was late. */
  readonly lostOutput: number;
}

export type SizeDeps = Pick<ContainerContext, "snapshots" | "images">;

export async function containerSizes(deps: SizeDeps, { id, image }: Container): Promise<ContainerSizes> {
  const [writable, layers] = await Promise.all([orNothing(deps.snapshots.writableSize(id)), orNothing(imageSize(deps, image.id))]);
  return { writable, root: writable + layers };
}

/** What of it cannot be read, because it is being removed or is damaged, counts as nothing: the rest is worth knowing. */
export async function containerDiskUse(
  deps: SizeDeps & Pick<ContainerContext, "options" | "trees">,
  container: Container,
): Promise<ContainerDiskUse> {
  const { logs: folder } = containerPaths(deps.options.instance, container.id);
  const [sizes, logs, lostOutput] = await Promise.all([
    containerSizes(deps, container).catch(() => ({ writable: 0, root: 0 })),
    deps.trees.measure(folder).catch(() => 0),
    readOverruns(folder),
  ]);
  return { ...sizes, logs, lostOutput };
}

async function imageSize({ images, snapshots }: SizeDeps, id: Digest): Promise<number> {
  const { config } = await images.resolve(id);
  const sizes = await Promise.all(chainIds(config.rootfs.diff_ids).map((chainId) => snapshots.layerSize(chainId)));
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** What is not there takes no room: an image that was removed under its container, a root that was lost. */
async function orNothing(size: Promise<number>): Promise<number> {
  try {
    return await size;
  } catch (error) {
    if (isEngineError(error, "not-found")) return 0;
    throw error;
  }
}
