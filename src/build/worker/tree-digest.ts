import { createHash, hash as digestOf, type Hash } from "node:crypto";
import { closeSync, constants, openSync, readlinkSync, readSync, type BigIntStats } from "node:fs";
import { bytePathOf, cString, shownPath, type BytePath } from "#lib/byte-path.ts";
import { getXattr, hasXattrs, listXattrs } from "#sys/files/xattr.ts";
import { OpenFolder } from "#store/tree/open-folder.ts";
import { keepsXattr } from "#store/unpack/xattr-policy.ts";
import type { Match, SourceTree } from "./job.ts";
import { isWhiteout } from "#store/tree/nodes.ts";

const PIECE = 1024 * 1024;
/** Characters of a listing; larger ones are not kept. */
const LARGEST_LISTING = 4 * 1024 * 1024;
const SHOWN_DIGITS = 12;
const HASH_DIGITS = 64;

export interface TreeDigestOptions extends SourceTree {
  /** Told the path below the match. */
  readonly excluded: (path: BytePath) => boolean;
  readonly cancelled: () => void;
}

/**
 * Hashes what a copy takes over: names, kinds, modes, owners (unless they are dropped), attributes, targets, content. Times are left out: a
 * file that was written anew with what it held before is the same.
 */
export class TreeDigest {
  readonly #hash: Hash;
  readonly #options: TreeDigestOptions;
  readonly #buffer = Buffer.allocUnsafe(PIECE);
  /** Names of one file, which stay so in the copy. */
  readonly #firstNames = new Map<string, BytePath>();
  readonly #lines: string[] = [];
  #listed = 0;
  /** Where the match at hand lies in the tree. */
  #place = "";
  files = 0;
  bytes = 0;

  constructor(hash: Hash, options: TreeDigestOptions) {
    this.#hash = hash;
    this.#options = options;
  }

  /** As in `Selection`. */
  get listing(): string | undefined {
    return this.#listed > LARGEST_LISTING ? undefined : this.#lines.join("");
  }

  add(match: Match): void {
    this.#place = match.isFolder ? match.path : match.path.slice(0, match.path.lastIndexOf("/") + 1);
    const host = `${bytePathOf(this.#options.folder)}${match.path}`;
    if (match.isFolder) {
      using folder = new OpenFolder(`${host}/.`);
      if (match.below !== undefined) this.#looks(".", "folder", folder.stat("."));
      this.#content(folder, "");
      return;
    }
    const slash = host.lastIndexOf("/");
    using folder = new OpenFolder(`${host.slice(0, slash)}/.`);
    this.#node(folder, host.slice(slash + 1), match.name);
  }

  #content(folder: OpenFolder, prefix: BytePath): void {
    for (const { name } of folder.entries().toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      this.#options.cancelled();
      const path = prefix === "" ? name : `${prefix}/${name}`;
      const stats = folder.stat(name);
      if (stats.isSocket() || isWhiteout(stats)) continue;
      const excluded = this.#options.excluded(path);
      if (!stats.isDirectory()) {
        if (!excluded) this.#node(folder, name, path);
        continue;
      }
      // A later pattern may bring back what is in it.
      if (!excluded) this.#looks(path, "folder", stats, folder.child(name));
      using inner = folder.open(name);
      this.#content(inner, path);
    }
  }

  #node(folder: OpenFolder, name: string, path: BytePath): void {
    const stats = folder.stat(name);
    const child = folder.child(name);
    this.files += 1;
    if (stats.nlink > 1n) {
      const identity = `${stats.dev}:${stats.ino}`;
      const first = this.#firstNames.get(identity);
      if (first !== undefined) return this.#write([path, "hardlink", first]);
      this.#firstNames.set(identity, path);
    }
    if (stats.isSymbolicLink()) return this.#looks(path, `link ${targetOf(child)}`, stats);
    if (stats.isFile()) return this.#looks(path, `file ${stats.size} ${this.#contentOf(child)}`, stats, child);
    this.#looks(path, `device ${stats.mode} ${stats.rdev}`, stats);
  }

  #looks(path: BytePath, what: string, stats: BigIntStats, attributesOf?: BytePath): void {
    const owner = this.#options.asRoot ? "" : `${stats.uid}:${stats.gid}`;
    const mode = stats.isSymbolicLink() ? "" : String(stats.mode & 0o7777n);
    this.#write([path, what, mode, owner, ...(attributesOf === undefined ? [] : attributes(attributesOf))]);
  }

  #write(fields: readonly string[]): void {
    this.#hash.update(`${JSON.stringify(fields)}\n`, "latin1");
    this.#list(fields);
  }

  #list(fields: readonly string[]): void {
    const line = `${digitsOf(fields)} ${shownPath(joined(this.#place, fields[0] ?? "")).replaceAll("\n", "\u2424")}\n`;
    this.#listed += line.length;
    if (this.#listed <= LARGEST_LISTING) this.#lines.push(line);
  }

  #contentOf(path: BytePath): string {
    const fd = openSync(cString(path).subarray(0, -1), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const hash = createHash("sha256");
      for (let length = readSync(fd, this.#buffer); length > 0; length = readSync(fd, this.#buffer)) {
        this.#options.cancelled();
        hash.update(this.#buffer.subarray(0, length));
        this.bytes += length;
      }
      return hash.digest("hex");
    } finally {
      closeSync(fd);
    }
  }
}

/** A few characters that are others where the node is another. Files, which are many, were hashed already. */
function digitsOf([, what = "", mode = "", owner = "", ...more]: readonly string[]): string {
  if (more.length === 0 && what === "folder") return `folder-${mode}-${owner}`;
  if (more.length === 0 && what.startsWith("file ")) return `${what.slice(-HASH_DIGITS).slice(0, SHOWN_DIGITS)}-${mode}-${owner}`;
  return digestOf("sha256", JSON.stringify([what, mode, owner, ...more]), "hex").slice(0, SHOWN_DIGITS);
}

function joined(folder: BytePath, name: BytePath): BytePath {
  const path = `${folder}/${name}`.replaceAll("//", "/");
  return path.startsWith("/") ? path.slice(1) : path;
}

function targetOf(path: BytePath): BytePath {
  return readlinkSync(cString(path).subarray(0, -1), { encoding: "buffer" }).toString("latin1");
}

function attributes(path: BytePath): string[] {
  if (!hasXattrs(path)) return [];
  const kept = listXattrs(path).filter(keepsXattr).toSorted();
  return kept.map((name) => `${name}=${getXattr(path, name)?.toString("hex") ?? ""}`);
}
