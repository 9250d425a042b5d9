import { chmodSync, chownSync, lstatSync, mkdirSync, statSync } from "node:fs";
import { rm } from "node:fs/promises";
import { dirname } from "node:path";
import { EngineError } from "#errors/engine-error.ts";
import type { Owner } from "#lib/id-mapping.ts";
import type { Logger } from "#lib/logger.ts";
import { mountPointsBelow } from "#sys/mounts/mount-table.ts";

/** Root reads and writes, its group passes through to what it may open: nobody else sees a name in here. */
const DATA_ROOT_MODE = 0o710;
const PRIVATE_MODE = 0o700;
const SHARED_MODE = 0o710;
/** Above the folder of remapped containers: whoever their root is may pass through, and see nothing. */
const PASSAGE_MODE = 0o711;

/**
 * Makes the daemon's two folders, or puts right what is there.
 *
 * @param socketGroup group of a socket that lies in the exec root; it has to be able to pass through.
 * @param containerRoot who root in containers is on the host, where that is somebody else.
 * @throws EngineError `invalid` when something else is in the place, or the folder is another user's.
 */
export function prepareRoots(roots: { dataRoot: string; execRoot: string }, socketGroup: number | undefined, containerRoot?: Owner): void {
  if (containerRoot !== undefined) {
    prepareFolder(dirname(roots.dataRoot), PASSAGE_MODE, 0);
    refuseClosedPath(dirname(roots.dataRoot), containerRoot);
  }
  prepareFolder(roots.dataRoot, DATA_ROOT_MODE, containerRoot?.gid ?? 0);
  const shared = socketGroup !== undefined && socketGroup !== 0;
  prepareFolder(roots.execRoot, shared ? SHARED_MODE : PRIVATE_MODE, shared ? socketGroup : 0);
}

function prepareFolder(path: string, mode: number, gid: number): void {
  mkdirSync(dirname(path), { recursive: true });
  makeFolder(path);
  refuseForeign(path);
  chownSync(path, 0, gid);
  chmodSync(path, mode);
}

/** Runtimes work on a remapped container as its root, who has to be able to get there. */
function refuseClosedPath(path: string, { uid, gid }: Owner): void {
  const parent = dirname(path);
  if (parent === path) return;
  const stats = statSync(parent);
  const bit = stats.uid === uid ? 0o100 : stats.gid === gid ? 0o010 : 0o001;
  if ((stats.mode & bit) === 0) {
    throw new EngineError(
      "invalid",
      `a folder on the way to the data root (${parent}) restricts access to the remapped root uid/gid; fix it by allowing 'o+x' permissions`,
    );
  }
  refuseClosedPath(parent, { uid, gid });
}

/** Never wider than it ends up, not even for a moment. */
function makeFolder(path: string): void {
  try {
    mkdirSync(path, { mode: PRIVATE_MODE });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}

/** In a folder that somebody else owns, somebody else can swap what the engine is about to trust. */
function refuseForeign(path: string): void {
  const found = lstatSync(path);
  if (!found.isDirectory()) throw new EngineError("invalid", `${path} is not a folder`);
  if (found.uid !== 0) throw new EngineError("invalid", `${path} belongs to user ${found.uid}: it has to be root's`);
}

/** Takes one of the two away, with all that is in it; never rejects. What is still mounted below could be somebody's files: then it stays. */
export async function removeRoot(root: string, logger: Logger): Promise<void> {
  const mounted = mountPointsBelow(root);
  if (mounted.length > 0) return logger.error({ root, mounted }, "the folder stays, since something is mounted there");
  try {
    await rm(root, { recursive: true, force: true });
  } catch (error) {
    logger.error({ root, error }, "the folder could not be removed");
  }
}
