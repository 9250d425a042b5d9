import { join } from "node:path";
import type { ContainerService } from "#container/service.ts";
import { hostId, rootOf } from "#lib/id-mapping.ts";
import type { ContainerFiles, ViewRequest } from "#store/files/contract.ts";
import type { VolumeBackups } from "#volume/backup/backups.ts";
import type { FolderArchives, OpenRepository, WhileFrozen } from "#volume/ports.ts";
import type { Volumes } from "#volume/volumes.ts";
import type { NounParts } from "./nouns.ts";

/** Copies of volumes, over the threads that pack and unpack, and the containers that have to stand still for them. */
export function wireBackups(
  { config }: NounParts,
  volumes: Volumes,
  { files, containers, openRepository }: { files: ContainerFiles; containers: ContainerService; openRepository: OpenRepository },
): VolumeBackups {
  const { instance, userRemap } = config.current;
  const archives = folderArchives(files, userRemap?.mapping);
  return volumes.backups({ archives, whileFrozen: frozen(containers), openRepository }, join(instance.dataRoot, "volume-snapshots"));
}

/** A volume is to them what a container's root is: nothing of an archive lands outside. */
function folderArchives(files: ContainerFiles, users: ViewRequest["users"]): FolderArchives {
  const viewOf = (root: string): ViewRequest => ({ root, readOnlyRoot: false, mounts: [], makeTargets: false, running: undefined, users });
  return {
    pack: async (folder, signal) => (await files.pack(viewOf(folder), "/.", signal)).body,
    ownerOnHost: ({ uid, gid }) => {
      if (users === undefined) return { uid, gid };
      const root = rootOf(users);
      return { uid: hostId(users.uids, uid) ?? root.uid, gid: hostId(users.gids, gid) ?? root.gid };
    },
    unpack: (folder, archive, signal) => files.extract(viewOf(folder), { path: "/", archive, keepKinds: false, owner: undefined }, signal),
  };
}

/** One within the other: all stand still while the work goes on. Who is gone by now changes nothing. */
function frozen(containers: ContainerService): WhileFrozen {
  return async (ids, work) => {
    const there = ids.filter((id) => containers.has(id));
    return await there.reduce((inner, id) => async () => await containers.whileFrozen(id, inner), work)();
  };
}
