import type { IdMapping, IdRange, Owner } from "#lib/id-mapping.ts";

/** An id that no user database gives out: where the one goes whose place another took. */
const NOBODYS = 2_147_483_645;
const IDS = 4_294_967_295;

/**
 * The mapping through which a folder's owner is seen as the container's user, and what that user makes belongs to the owner. It is one to
 * one, as the kernel wants it: whoever is in the way on either side becomes an id that is nobody's; all others stay who they are. Pure.
 *
 * A process of another user can never make files of the container's user on the disk, so that one without rights in the container gets
 * none over root's.
 *
 * @param user on the host: mapped already where the container's users are.
 */
export function ownerMapping(owner: Owner, user: Owner): IdMapping {
  return { uids: exchange(owner.uid, user.uid), gids: exchange(owner.gid, user.gid) };
}

/** On the disk (`containerID`), and as seen (`hostID`). */
function exchange(owner: number, user: number): IdRange[] {
  const moved = new Map(
    owner === user
      ? []
      : [
          [owner, user],
          [user, NOBODYS],
          [NOBODYS, owner],
        ],
  );
  const ranges: IdRange[] = [];
  let next = 0;
  for (const [from, to] of [...moved].toSorted(([a], [b]) => a - b)) {
    if (from > next) ranges.push({ containerID: next, hostID: next, size: from - next });
    ranges.push({ containerID: from, hostID: to, size: 1 });
    next = from + 1;
  }
  return [...ranges, { containerID: next, hostID: next, size: IDS - next }];
}
