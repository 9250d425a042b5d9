import { createReadStream, lstatSync, readdirSync, readFileSync, readlinkSync, type Stats } from "node:fs";
import { join } from "node:path";
import { EngineError } from "#errors/engine-error.ts";
import { tarEnd, tarHead, tarPadding, type TarEntry } from "#lib/tar-pack.ts";
import { ignoreMatcher, type IgnoreMatcher } from "#spec/build/ignore-file.ts";

/** Larger files are read piece by piece. */
const SMALL = 256 * 1024;
/** Small entries go out together: a context of ten thousand files is not ten thousand writes. */
const PIECE = 256 * 1024;

export interface FolderContext {
  readonly folder: string;
  readonly ignorePatterns: readonly string[];
  /** Paths that are sent whether they are ignored or not: the Dockerfile and the ignore file, which the daemon reads. */
  readonly always: readonly string[];
  /** Files that lie elsewhere, by the names that they get in the archive. */
  readonly extra: ReadonlyMap<string, Uint8Array>;
}

/**
 * A folder as a tar archive: what is ignored is left out, everything belongs to root, and the order is that of the names. Reading one
 * small file after the other is done without waiting for threads: it is several times faster, and nothing else happens in a command.
 */
export async function* packFolder(context: FolderContext): AsyncGenerator<Uint8Array> {
  let parts: Uint8Array[] = [];
  let size = 0;
  for (const entry of entriesOf(context)) {
    const { head, content } = packed(entry);
    parts.push(head);
    size += head.byteLength;
    if (content !== undefined && content.size > SMALL) {
      yield Buffer.concat(parts);
      [parts, size] = [[], 0];
      yield* largeFile(content.path, content.size);
    } else if (content !== undefined) {
      parts.push(smallFile(content.path, content.size), tarPadding(content.size));
      size += content.size;
    }
    if (size < PIECE) continue;
    yield Buffer.concat(parts);
    [parts, size] = [[], 0];
  }
  for (const [name, data] of context.extra) {
    parts.push(tarHead({ name, type: "file", mode: 0o600 }, data.byteLength), data, tarPadding(data.byteLength));
  }
  yield Buffer.concat([...parts, tarEnd()]);
}

interface FolderEntry {
  /** Relative, with slashes. */
  readonly name: string;
  readonly path: string;
  readonly stats: Stats;
}

function* entriesOf(context: FolderContext): Generator<FolderEntry> {
  const isIgnored = matcherOf(context);
  const mayHoldWanted = mayHold(context);
  /** Folders that are ignored, and sent all the same once something in them is. */
  const pending: FolderEntry[] = [];
  function* walk(folder: string): Generator<FolderEntry> {
    for (const child of namesIn(join(context.folder, folder))) {
      const name = folder === "" ? child : `${folder}/${child}`;
      const entry = { name, path: join(context.folder, name), stats: lstatSync(join(context.folder, name)) };
      const isFolder = entry.stats.isDirectory();
      if (isIgnored(name)) {
        if (!isFolder || !mayHoldWanted(name)) continue;
        pending.push(entry);
        yield* walk(name);
        if (pending.at(-1) === entry) pending.pop();
        continue;
      }
      yield* pending.splice(0);
      yield entry;
      if (isFolder) yield* walk(name);
    }
  }
  yield* walk("");
}

function matcherOf({ ignorePatterns, always }: FolderContext): IgnoreMatcher {
  if (ignorePatterns.length === 0) return () => false;
  const isIgnored = ignoreMatcher(ignorePatterns);
  return (name) => !always.includes(name) && isIgnored(name);
}

function mayHold({ ignorePatterns, always }: FolderContext): (folder: string) => boolean {
  const hasExceptions = ignorePatterns.some((pattern) => pattern.startsWith("!"));
  return (folder) => hasExceptions || always.some((name) => name.startsWith(`${folder}/`));
}

function namesIn(folder: string): readonly string[] {
  const names = readdirSync(folder).toSorted();
  const broken = names.find((name) => name.includes("\uFFFD"));
  if (broken !== undefined) throw new EngineError("invalid", `the name of ${join(folder, broken)} is not UTF-8: it cannot be sent`);
  return names;
}

interface Packed {
  readonly head: Buffer;
  readonly content: { readonly path: string; readonly size: number } | undefined;
}

function packed({ name, path, stats }: FolderEntry): Packed {
  const shared = { mode: stats.mode & 0o7777, mtime: Math.max(0, Math.floor(stats.mtimeMs / 1000)) };
  if (stats.isFile()) return { head: tarHead({ name, type: "file", ...shared }, stats.size), content: { path, size: stats.size } };
  return { head: tarHead({ ...otherEntry(name, path, stats), ...shared }, 0), content: undefined };
}

function otherEntry(name: string, path: string, stats: Stats): Pick<TarEntry, "name" | "type" | "linkname"> {
  if (stats.isDirectory()) return { name: `${name}/`, type: "directory" };
  if (stats.isSymbolicLink()) return { name, type: "symlink", linkname: readlinkSync(path) };
  if (stats.isFIFO()) return { name, type: "fifo" };
  const what = stats.isSocket() ? "a socket" : "a device";
  throw new EngineError("invalid", `${path} is ${what}, which is no part of a build's context: name it in .dockerignore`);
}

/** Exactly as many bytes as the header says, whatever has become of the file since. */
function smallFile(path: string, size: number): Uint8Array {
  const data = readFileSync(path);
  if (data.byteLength < size) throw changed(path);
  return data.subarray(0, size);
}

async function* largeFile(path: string, size: number): AsyncGenerator<Uint8Array> {
  let left = size;
  for await (const chunk of createReadStream(path, { end: size - 1, highWaterMark: PIECE }) as AsyncIterable<Uint8Array>) {
    left -= chunk.byteLength;
    yield chunk;
  }
  if (left !== 0) throw changed(path);
  yield tarPadding(size);
}

function changed(path: string): EngineError {
  return new EngineError("conflict", `${path} became smaller while it was read`);
}
