import { join } from "node:path";
import type { RemapOptions } from "#store/snapshots/driver.ts";
import type { Snapshotter } from "#store/snapshots/contract.ts";
import { pluginFolders } from "#volume/plugin/discover.ts";
import type { ImageRoots } from "#volume/ports.ts";
import { Volumes, type VolumesDeps } from "#volume/volumes.ts";
import type { NounParts } from "./nouns.ts";

interface Given extends Pick<VolumesDeps, "trees"> {
  readonly snapshots: Snapshotter;
  readonly remap: RemapOptions | undefined;
  readonly resolve: ImageRoots["resolve"];
}

/** Volumes over their folder, the host's plugins, and the content of images. */
export function wireVolumes({ config, database, events, logger }: NounParts, { trees, snapshots, remap, resolve }: Given): Volumes {
  const { instance, containers } = config.current;
  return new Volumes(
    { database, events, trees, logger: logger.child({ noun: "volume" }), images: imageRoots(snapshots, resolve) },
    {
      root: join(instance.dataRoot, "volumes"),
      stage: join(instance.execRoot, "volumes"),
      owner: remap?.root,
      bindOwner: containers.bindOwner,
      pluginFolders: pluginFolders(join(instance.execRoot, "plugins")),
    },
  );
}

/** The content of an image is a root that nobody writes to. */
function imageRoots(snapshots: Snapshotter, resolve: ImageRoots["resolve"]): ImageRoots {
  const reserved = (): string[] => snapshots.list().writables.filter((name) => name.includes(".image-"));
  return {
    resolve,
    reserved,
    async reserve(name, topLayer) {
      if (!reserved().includes(name)) await snapshots.createWritable(name, topLayer);
    },
    async withRoot(name, use) {
      using borrowed = await snapshots.borrow(name);
      return use(borrowed.root);
    },
    release: (name) => snapshots.removeWritable(name),
  };
}
