import { closeSync, openSync } from "node:fs";
import { EngineError } from "#errors/engine-error.ts";
import { tryLock } from "#sys/files/flock.ts";

/**
 * Keeps a folder of the daemon's to one daemon: two with different pid files would each clean up what the other is using.
 *
 * @param what names it in the error.
 * @param who has it then.
 * @returns what gives it back.
 * @throws EngineError `conflict`.
 */
export function lockRoot(path: string, what: string, who = "daemon"): () => void {
  const fd = openSync(path, "r");
  if (tryLock(fd)) return () => closeSync(fd);
  closeSync(fd);
  throw new EngineError("conflict", `the ${what} ${path} is in use by another ${who}`);
}
