import { EngineError } from "#errors/engine-error.ts";
import { resolveUser } from "#runtime/oci/user.ts";

const NUMBER = /^\d{1,10}$/;
const LARGEST = 0xffff_fffe;

/**
 * Who `--chown` means, by the tree's own passwd and group. A number alone is the group's, too.
 *
 * @throws EngineError `invalid` for a name that is not there.
 */
export function copyOwner(root: string, chown: string | undefined): { readonly user: number; readonly group: number } | undefined {
  if (chown === undefined) return undefined;
  const [user = "", group] = chown.split(":", 2);
  if (NUMBER.test(user) && (group === undefined || NUMBER.test(group))) return { user: inRange(user), group: inRange(group ?? user) };
  const found = resolveUser(root, chown, []);
  return { user: found.uid, group: found.gid };
}

function inRange(text: string): number {
  const id = Number(text);
  if (id > LARGEST) throw new EngineError("invalid", `${text} is no user or group: it is out of range`);
  return id;
}
