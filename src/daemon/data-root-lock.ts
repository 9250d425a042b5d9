import { closeSync, openSync } from "node:fs";
import { EngineError } from "#errors/engine-error.ts";
import { tryLock } from "#sys/flock.ts";

/**
 * Keeps the data root to one daemon: two with different pid files would each clean up what the other is using.
 *
 * @returns what gives it back.
 * @throws EngineError `conflict`.
 */
export function lockDataRoot(path: string): () => void {
  const fd = openSync(path, "r");
  if (tryLock(fd)) return () => closeSync(fd);
  closeSync(fd);
  throw new EngineError("conflict", `the data root ${path} is in use by another daemon`);
}
