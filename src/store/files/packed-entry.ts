import { readlinkSync, type BigIntStats } from "node:fs";
import { cString, type BytePath } from "#lib/byte-path.ts";
import { getXattr, hasXattrs, listXattrs } from "#sys/files/xattr.ts";
import type { PackedEntry } from "../tar/tar-writer.ts";
import { keepsXattr } from "../unpack/xattr-policy.ts";

const BILLION = 1_000_000_000n;

/** What an archive says of a node. @param name in the archive; a folder's gets its slash here. */
export function entryOf(path: BytePath, name: BytePath, stats: BigIntStats): PackedEntry {
  const type = typeOf(stats);
  const nanoseconds = ((stats.mtimeNs % BILLION) + BILLION) % BILLION;
  const isDevice = type === "char" || type === "block";
  return {
    type,
    path: type === "folder" && !name.endsWith("/") ? `${name}/` : name,
    target: type === "symlink" ? readLink(path) : "",
    mode: Number(stats.mode & 0o7777n),
    user: Number(stats.uid),
    group: Number(stats.gid),
    size: type === "file" ? Number(stats.size) : 0,
    seconds: Number((stats.mtimeNs - nanoseconds) / BILLION),
    nanoseconds: Number(nanoseconds),
    major: isDevice ? Number(((stats.rdev >> 8n) & 0xfffn) | ((stats.rdev >> 32n) & 0xffff_f000n)) : 0,
    minor: isDevice ? Number((stats.rdev & 0xffn) | ((stats.rdev >> 12n) & 0xffff_ff00n)) : 0,
    xattrs: type === "symlink" ? undefined : xattrsOf(path),
  };
}

function typeOf(stats: BigIntStats): PackedEntry["type"] {
  if (stats.isFile()) return "file";
  if (stats.isDirectory()) return "folder";
  if (stats.isSymbolicLink()) return "symlink";
  if (stats.isCharacterDevice()) return "char";
  return stats.isBlockDevice() ? "block" : "fifo";
}

function xattrsOf(path: BytePath): ReadonlyMap<string, Buffer> | undefined {
  if (!hasXattrs(path)) return undefined;
  const found = new Map<string, Buffer>();
  for (const name of listXattrs(path).filter(keepsXattr)) {
    const value = getXattr(path, name);
    if (value !== undefined) found.set(name, value);
  }
  return found;
}

/** Empty where it is no link any more. */
function readLink(path: BytePath): BytePath {
  try {
    return readlinkSync(cString(path).subarray(0, -1), { encoding: "buffer" }).toString("latin1");
  } catch {
    return "";
  }
}
