import { link, open, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path/posix";
import { takeReadLease } from "#sys/files/lease.ts";

/**
 * A log's folder.
 *
 *     container.log.7.gz   complete, compressed
 *     container.log.8      complete
 *     container.log.9      being written; the numbers only grow, so that a reader who has read 8 knows what comes next
 *     container.log        another name of the newest
 *     next                 empty: what the monitor goes on in (next-file.ts)
 *     feed, feed.tmp       what the monitor opens: the newest at its start, and when that is full the next
 */
export const CURRENT = "container.log";
export const NEXT = "next";
export const FEED = "feed";
/** conmon opens `<log-path>.tmp` when its log is full, and renames it to `<log-path>`. */
export const FEED_TEMPORARY = "feed.tmp";

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

/** Makes a file the newest of the log, unless it is of the log already, or is not there. */
export async function takeIn(folder: string, name: string): Promise<void> {
  const found = await identify(join(folder, name));
  if (found === undefined) return;
  const files = await findFiles(folder);
  if (files.some(({ inode }) => inode === found.inode)) return;
  const numbered = nameOf((files.at(-1)?.number ?? 0) + 1);
  await nameAlso(folder, name, numbered);
  await nameAlso(folder, numbered, CURRENT);
}

/** Takes in what the monitor wrote and nobody has made part of the log. Only when nobody writes to it. */
export async function takeInRest(folder: string): Promise<void> {
  for (const name of [NEXT, FEED]) {
    const found = await identify(join(folder, name));
    if (found !== undefined && found.bytes > 0) await takeIn(folder, name);
  }
}

/** Whether some process could write to a file now. False also where the kernel cannot tell, or the file is not there. */
export async function isOpenForWriting(path: string): Promise<boolean> {
  try {
    await using file = await open(path, "r");
    return takeReadLease(file.fd) === "open-for-writing";
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return false;
    throw error;
  }
}
