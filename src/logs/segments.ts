import { type FileHandle, open, readdir, stat } from "node:fs/promises";
import { basename, dirname } from "node:path/posix";

/** One file of a log, open: whatever happens to its name, it can be read to its end. */
export interface Segment extends AsyncDisposable {
  readonly file: FileHandle;
  readonly inode: bigint;
}

/**
 * The files of a log, oldest first: `<path>.2`, `<path>.1`, `<path>`. Whoever rotates moves `<path>.1` to `<path>.2`, `<path>` to `<path>.1`, and then has
 * the monitor reopen its log; until that is done the monitor goes on in what is now `<path>.1`.
 */
export async function openSegments(path: string): Promise<Segment[]> {
  const segments: Segment[] = [];
  for (const name of await namesOf(path)) {
    const segment = await openSegment(name);
    // A rotation in between shows the same file under two names.
    if (segment !== undefined && segments.every(({ inode }) => inode !== segment.inode)) segments.push(segment);
    else await segment?.[Symbol.asyncDispose]();
  }
  return segments;
}

/** The file that was begun after this one; undefined while this is the one that is written to. */
export async function nextSegment(path: string, current: bigint): Promise<Segment | undefined> {
  const names = await namesOf(path);
  const inodes = await Promise.all(names.map(inodeOf));
  const index = inodes.indexOf(current);
  // Not among them: so many rotations have gone by that the file was deleted, and all that are there are newer.
  const next = names[index + 1];
  return next === undefined ? undefined : openSegment(next);
}

async function namesOf(path: string): Promise<string[]> {
  const prefix = `${basename(path)}.`;
  const entries = await readdir(dirname(path)).catch(() => []);
  const numbers = entries
    .filter((name) => name.startsWith(prefix))
    .map((name) => name.slice(prefix.length))
    .filter((rest) => /^[1-9]\d{0,3}$/.test(rest));
  const older = numbers.map(Number).toSorted((a, b) => b - a);
  return [...older.map((number) => `${path}.${number}`), path];
}

async function openSegment(path: string): Promise<Segment | undefined> {
  let file: FileHandle;
  try {
    file = await open(path, "r");
  } catch {
    return undefined;
  }
  const { ino } = await file.stat({ bigint: true });
  return { file, inode: ino, [Symbol.asyncDispose]: () => file.close() };
}

async function inodeOf(path: string): Promise<bigint | undefined> {
  return stat(path, { bigint: true }).then(
    ({ ino }) => ino,
    () => undefined,
  );
}
