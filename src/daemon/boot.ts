import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { writeFileAtomic } from "#lib/atomic-file.ts";
import type { Logger } from "#lib/logger.ts";

const NAME = "boot-id";

/** Of the exec root: what names processes, and so means nothing after the host was started anew. */
const OF_ONE_BOOT = ["exits", "monitors", "pids", "runtimes", "tty"];

/**
 * Tells a restart of the host from one of the daemon, before anything is believed of what the last daemon wrote down. The exec root is
 * gone after a reboot where it lies on a tmpfs, as it should; where it does not, its records name pids that other processes have by now.
 *
 * @param bootId changes with every start of the host.
 * @returns whether the host was started anew since a daemon last used the data root.
 */
export async function noteBoot(roots: { dataRoot: string; execRoot: string }, bootId: string, logger: Logger): Promise<boolean> {
  const [before, records] = [textAt(roots.dataRoot), textAt(roots.execRoot)];
  if (records !== "" && records !== bootId) {
    for (const folder of OF_ONE_BOOT) rmSync(join(roots.execRoot, folder), { recursive: true, force: true });
  }
  const rebooted = before !== "" && before !== bootId;
  if (rebooted) logger.info({}, "the host was restarted: containers that ran count as exited, and restart policies apply");
  // The exec root's last of all: until it is written, a start that is cut short is a reboot again.
  if (before !== bootId) await writeFileAtomic(join(roots.dataRoot, NAME), `${bootId}\n`, 0o600);
  if (records !== bootId) await writeFileAtomic(join(roots.execRoot, NAME), `${bootId}\n`, 0o600);
  return rebooted;
}

function textAt(root: string): string {
  try {
    return readFileSync(join(root, NAME), "utf8").trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw error;
  }
}
