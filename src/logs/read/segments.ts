import { randomBytes } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path/posix";
import { decompressed } from "../compress.ts";
import { nameOf, numberedFiles } from "../log-folder.ts";

/** One file of a log, open: whatever happens to its name, it can be read to its end. */
export class Segment implements AsyncDisposable {
  readonly number: number;
  readonly path: string;
  readonly #raw: FileHandle;
  readonly #content: () => Promise<FileHandle>;
  #unpacked: Promise<FileHandle> | undefined;

  private constructor(number: number, path: string, raw: FileHandle, content: () => Promise<FileHandle>) {
    this.number = number;
    this.path = path;
    this.#raw = raw;
    this.#content = content;
  }

  /** Undefined when there is no such file any more. */
  static async open(folder: string, number: number): Promise<Segment | undefined> {
    const path = join(folder, nameOf(number));
    const plain = await openOptional(path);
    if (plain !== undefined) return new Segment(number, path, plain, () => Promise.resolve(plain));
    const packed = await openOptional(`${path}.gz`);
    if (packed === undefined) return undefined;
    return new Segment(number, path, packed, () => decompressed(packed, `${path}.${randomBytes(6).toString("hex")}.new`));
  }

  /** The lines: for a compressed file those are unpacked when they are first asked for. Closed with the segment. */
  async content(): Promise<FileHandle> {
    return await (this.#unpacked ??= this.#content());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const unpacked = await this.#unpacked?.catch(() => undefined);
    if (unpacked !== this.#raw) await unpacked?.close();
    await this.#raw.close();
  }
}

/** The files of a log, oldest first. */
export async function openSegments(folder: string): Promise<Segment[]> {
  const segments: Segment[] = [];
  for (const { number } of await numberedFiles(folder)) {
    const segment = await Segment.open(folder, number);
    if (segment !== undefined) segments.push(segment);
  }
  return segments;
}

/** The file that was begun after this one; undefined while this is the one that is written to. */
export async function nextSegment(folder: string, current: number): Promise<Segment | undefined> {
  for (const { number } of await numberedFiles(folder)) {
    const next = number > current ? await Segment.open(folder, number) : undefined;
    if (next !== undefined) return next;
  }
  return undefined;
}

async function openOptional(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, "r");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}
