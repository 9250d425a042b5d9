import { hostId, type IdMapping, namespaceId, type Owner, rootOf } from "#lib/id-mapping.ts";
import { asOwner } from "#sys/files/file-owner.ts";

/** Who nobody is, where a user has no number on the other side (the kernel's overflow id). */
const NOBODY = 65_534;

/** Users and groups as a container has them, and as the host has them. */
export interface Owners {
  /** Of a file of the host. */
  inside(owner: Owner): Owner;
  /** Undefined for one that the container does not have. */
  outside(owner: Owner): Owner | undefined;
  /** Runs what makes files, as somebody whom the container's root knows. */
  making<T>(work: () => T): T;
}

const same: Owners = { inside: (owner) => owner, outside: (owner) => owner, making: (work) => work() };

export function ownersOf(mapping: IdMapping | undefined): Owners {
  if (mapping === undefined) return same;
  const root = rootOf(mapping);
  return {
    inside: ({ uid, gid }) => ({ uid: namespaceId(mapping.uids, uid) ?? NOBODY, gid: namespaceId(mapping.gids, gid) ?? NOBODY }),
    outside: ({ uid, gid }) => {
      const found = { uid: hostId(mapping.uids, uid), gid: hostId(mapping.gids, gid) };
      return found.uid === undefined || found.gid === undefined ? undefined : { uid: found.uid, gid: found.gid };
    },
    making: (work) => asOwner(root, work),
  };
}
