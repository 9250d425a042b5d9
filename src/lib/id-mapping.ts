/** Consecutive ids; in the shape that an OCI specification has them, too. */
export interface IdRange {
  /** First id inside the namespace. */
  readonly containerID: number;
  /** First id of the host. */
  readonly hostID: number;
  readonly size: number;
}

/** Which users and groups of the host those of a user namespace are: the first range begins at the namespace's 0, and none overlap. */
export interface IdMapping {
  readonly uids: readonly IdRange[];
  readonly gids: readonly IdRange[];
}

/** A user and a group of the host, as files have them. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** Who the namespace's root is on the host. */
export function rootOf({ uids, gids }: IdMapping): Owner {
  return { uid: hostId(uids, 0) ?? 0, gid: hostId(gids, 0) ?? 0 };
}

/** Undefined for an id that the namespace does not have. */
export function hostId(ranges: readonly IdRange[], id: number): number | undefined {
  const range = ranges.find(({ containerID, size }) => id >= containerID && id < containerID + size);
  return range === undefined ? undefined : range.hostID + (id - range.containerID);
}

/** Undefined for an id of the host that is nobody inside. */
export function namespaceId(ranges: readonly IdRange[], id: number): number | undefined {
  const range = ranges.find(({ hostID, size }) => id >= hostID && id < hostID + size);
  return range === undefined ? undefined : range.containerID + (id - range.hostID);
}

/** As /proc/<pid>/uid_map takes it. */
export function formatIdMap(ranges: readonly IdRange[]): string {
  return ranges.map(({ containerID, hostID, size }) => `${containerID} ${hostID} ${size}\n`).join("");
}
