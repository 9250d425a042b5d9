import { link, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path/posix";

/**
 * A log's folder.
 *
 *     container.log.7.gz   complete, compressed
 *     container.log.8      complete
 *     container.log.9      being written; the numbers only grow, so that a reader who has read 8 knows what comes next
 *     container.log        another name of the newest
 *     feed, feed.tmp       what the monitor opens: see rotation.ts
 */
export const CURRENT = "container.log";
export const FEED = "feed";
/** conmon opens `<log-path>.tmp` when its log is full, and renames it to `<log-path>`. */
export const NEXT_FEED = "feed.tmp";

export interface NumberedFile {
  readonly number: number;
  readonly name: string;
  readonly compressed: boolean;
}

export interface FoundFile extends NumberedFile {
  readonly inode: bigint;
  readonly bytes: number;
}

const NUMBERED = /^container\.log\.([1-9]\d{0,14})(\.gz)?$/;

export function nameOf(number: number): string {
  return `${CURRENT}.${number}`;
}

/** The numbered files, oldest first; each number once, also while it is being compressed. None where there is no folder. */
export async function numberedFiles(folder: string): Promise<NumberedFile[]> {
  const names = await readdir(folder).catch(() => []);
  const files = new Map<number, NumberedFile>();
  for (const name of names) {
    const [, digits, ending] = NUMBERED.exec(name) ?? [];
    const compressed = ending !== undefined;
    // Of both the one that is not compressed is whole for certain.
    if (digits !== undefined && !(compressed && files.has(Number(digits)))) {
      files.set(Number(digits), { number: Number(digits), name, compressed });
    }
  }
  return [...files.values()].toSorted((a, b) => a.number - b.number);
}

/** The numbered files with their sizes. Those that go away meanwhile are left out. */
export async function findFiles(folder: string): Promise<FoundFile[]> {
  const files = await numberedFiles(folder);
  const found = await Promise.all(files.map(async (file) => ({ file, is: await identify(join(folder, file.name)) })));
  return found.flatMap(({ file, is }) => (is === undefined ? [] : [{ ...file, ...is }]));
}

/** Undefined when there is no such file. */
export async function identify(path: string): Promise<Pick<FoundFile, "inode" | "bytes"> | undefined> {
  try {
    const { ino, size } = await stat(path, { bigint: true });
    return { inode: ino, bytes: Number(size) };
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

/** Gives a file one more name, in place of whatever has that name; at no moment is there nothing. */
export async function nameAlso(folder: string, existing: string, name: string): Promise<void> {
  const temporary = join(folder, `${name}.new`);
  await rm(temporary, { force: true });
  await link(join(folder, existing), temporary);
  await rename(temporary, join(folder, name));
  // A rename onto another name of the same file leaves both.
  await rm(temporary, { force: true });
}
