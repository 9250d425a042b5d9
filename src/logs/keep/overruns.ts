import { readFile } from "node:fs/promises";
import { join } from "node:path/posix";
import { writeFileAtomic } from "#lib/atomic-file.ts";

const NAME = "overruns";

/** Bytes of a log, about, that were lost because its rotation was late; kept with the log, over restarts of whatever. */
export async function readOverruns(folder: string): Promise<number> {
  const text = await readFile(join(folder, NAME), "utf8").catch(() => "0");
  const bytes = Number(text);
  return Number.isSafeInteger(bytes) && bytes >= 0 ? bytes : 0;
}

export async function addOverrun(folder: string, bytes: number): Promise<void> {
  await writeFileAtomic(join(folder, NAME), `${(await readOverruns(folder)) + bytes}`, 0o600);
}
