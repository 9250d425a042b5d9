import type { FileTime } from "../file-time.ts";
import { TarError, type EntryType, type TarEntry } from "./entry.ts";
import type { Header } from "./header.ts";
import { readDecimal } from "./numbers.ts";
import { readPaxTime } from "./pax.ts";

/** What headers before an entry's own say of it. */
export interface Extended {
  readonly pax: ReadonlyMap<string, string>;
  readonly longPath: string | undefined;
  readonly longTarget: string | undefined;
}

export const nothingExtended: Extended = { pax: new Map(), longPath: undefined, longTarget: undefined };

const XATTR = "SCHILY.xattr.";
const noXattrs: ReadonlyMap<string, string> = new Map();

/** `7` is a file that wants to lie in one piece, which no one honours; a NUL is how v7 wrote a file. */
const types: Readonly<Record<string, EntryType>> = {
  "0": "file",
  "\0": "file",
  "7": "file",
  "1": "hardlink",
  "2": "symlink",
  "3": "char",
  "4": "block",
  "5": "folder",
  "6": "fifo",
};

/** Puts an entry together. @throws TarError for a type that is not unpacked, sparse files among them, and for invalid values. */
export function entryOf(header: Header, extended: Extended): TarEntry {
  const { pax } = extended;
  refuseSparse(header, pax);
  const path = withoutNul(pax.get("path") ?? extended.longPath ?? header.path);
  const type = typeOf(header, path);
  return {
    type,
    path,
    target: withoutNul(pax.get("linkpath") ?? extended.longTarget ?? header.target),
    mode: header.mode & 0o7777,
    user: idOf(pax.get("uid"), header.user, "uid"),
    group: idOf(pax.get("gid"), header.group, "gid"),
    // Some writers give the size of the linked file to a hard link: no content follows it (as Go's archive/tar and GNU tar read it).
    size: type === "file" ? sizeOf(header, pax) : 0,
    modified: timeOf(header, pax),
    major: header.major,
    minor: header.minor,
    xattrs: xattrsOf(pax),
  };
}

function typeOf(header: Header, path: string): EntryType {
  const type = types[header.type];
  if (type === undefined) throw new TarError(`unknown type ${JSON.stringify(header.type)}`);
  return type === "file" && path.endsWith("/") ? "folder" : type;
}

/** Sparse maps were how CVE-2025-58183 exhausted memory; image builders do not write them. */
function refuseSparse(header: Header, pax: ReadonlyMap<string, string>): void {
  const sparse = header.type === "S" || pax.has("GNU.sparse.major") || pax.has("GNU.sparse.map") || pax.has("GNU.sparse.numblocks");
  if (sparse) throw new TarError("sparse files are not supported");
}

export function sizeOf(header: Header, pax: ReadonlyMap<string, string>): number {
  const text = pax.get("size");
  const size = text === undefined ? header.size : readDecimal(text, "size");
  if (size < 0) throw new TarError("the size is negative");
  return size;
}

/** 2^32-1 is no id: to chown it means "leave as it is". */
function idOf(pax: string | undefined, header: number, field: string): number {
  const id = pax === undefined ? header : readDecimal(pax, field);
  if (id < 0 || id >= 0xffff_ffff) throw new TarError(`${field} ${id} is out of range`);
  return id;
}

function timeOf(header: Header, pax: ReadonlyMap<string, string>): FileTime {
  const text = pax.get("mtime");
  return text === undefined ? { seconds: header.seconds, nanoseconds: 0 } : readPaxTime(text);
}

function xattrsOf(pax: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  if (pax.size === 0) return noXattrs;
  const found = [...pax].filter(([key]) => key.startsWith(XATTR));
  return found.length === 0 ? noXattrs : new Map(found.map(([key, value]) => [key.slice(XATTR.length), value]));
}

function withoutNul(path: string): string {
  if (path.includes("\0")) throw new TarError("a name contains a NUL");
  return path;
}
