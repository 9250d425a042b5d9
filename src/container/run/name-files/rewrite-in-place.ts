import { existsSync } from "node:fs";
import { open } from "node:fs/promises";

/** Name files are small. What a container has blown up is left to it. */
const LARGEST_FILE = 1024 * 1024;

/** Changes a file of a running container, which holds it by bind mount: in place. One that is not there is not made. */
export async function rewriteInPlace(path: string, change: (text: string) => string): Promise<void> {
  // One that is just being started writes its file anew, and finds out itself.
  if (!existsSync(path)) return;
  await using file = await open(path, "r+");
  if ((await file.stat()).size > LARGEST_FILE) return;
  const before = await file.readFile("utf8");
  const after = change(before);
  if (after === before) return;
  const text = Buffer.from(after);
  // Never empty in between: the container may look at any time.
  await file.write(text, 0, text.length, 0);
  await file.truncate(text.length);
}
