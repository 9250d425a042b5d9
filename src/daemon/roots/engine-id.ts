import { readFileSync } from "node:fs";
import { join } from "node:path";
import { writeFileAtomic } from "#lib/atomic-file.ts";

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The engine's name for itself, which `docker info` shows: made once, and kept as long as the data root is. */
export async function engineId(dataRoot: string): Promise<string> {
  const path = join(dataRoot, "engine-id");
  const known = readIfThere(path).trim();
  if (UUID.test(known)) return known;
  // The kernel makes one as well as node:crypto does, which need not be loaded for it.
  const id = readFileSync("/proc/sys/kernel/random/uuid", "utf8").trim();
  await writeFileAtomic(path, `${id}\n`, 0o600);
  return id;
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw error;
  }
}
