import { readFileSync } from "node:fs";
import { EngineError } from "#errors/engine-error.ts";
import type { Logger } from "#lib/logger.ts";

/**
 * Finds the numeric group that may use the unix socket. The default group may be missing: then the socket is root's alone, as with
 * Docker. One that was asked for has to be there.
 *
 * @throws EngineError `invalid`.
 */
export function socketGroup(group: { name: string; explicit: boolean }, logger: Logger, file = "/etc/group"): number {
  const gid = /^\d{1,9}$/.test(group.name) ? Number(group.name) : groupId(readFileSync(file, "utf8"), group.name);
  if (gid !== undefined) return gid;
  if (group.explicit) throw new EngineError("invalid", `group ${group.name} not found`);
  logger.warn({}, `could not change group of the socket to ${group.name}: group ${group.name} not found; only root can use it`);
  return 0;
}

/** group(5): name, password, number, members. */
function groupId(text: string, name: string): number | undefined {
  const row = text.split("\n").find((line) => line.startsWith(`${name}:`));
  const gid = row?.split(":")[2];
  return gid === undefined || !/^\d{1,10}$/.test(gid) ? undefined : Number(gid);
}
