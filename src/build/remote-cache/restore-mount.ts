import { randomBytes } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { unlink } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { isEngineError, messageOf } from "#errors/engine-error.ts";
import type { Execution } from "../execute/execution-context.ts";
import { verified } from "./verified.ts";

/**
 * Fills the new folder of a cache mount with what a cache from elsewhere has of it, if it has anything: when a command is about to use it, and not before. A cache is
 * never needed: what cannot be had is told of, and the folder begins empty.
 *
 * @throws EngineError `cancelled`, `exhausted`.
 */
export async function restoreMount({ imported, files, signal, sink, ...execution }: Execution, id: string, folder: string): Promise<void> {
  const found = imported.mount(id);
  if (found === undefined) return;
  const { place, mount } = found;
  const view = { root: folder, readOnlyRoot: false, mounts: [], makeTargets: false, running: undefined, users: undefined };
  try {
    // Whole and verified first: half of a cache is worse than none.
    const file = join(execution.folder, `mount-${randomBytes(6).toString("hex")}`);
    await pipeline(verified(place.readBlob(mount.blob, signal), mount.blob.digest), createWriteStream(file, { mode: 0o600 }), { signal });
    await files.extract(view, { path: "/", archive: createReadStream(file), keepKinds: false, owner: undefined }, signal);
    await unlink(file);
  } catch (error) {
    if (signal.aborted || isEngineError(error, "cancelled", "exhausted")) throw error;
    sink.push({ stream: `The cache mount ${id} could not be had from ${place.name}: ${messageOf(error)}\n` });
  }
}
