import { lstatSync, readlinkSync, type BigIntStats } from "node:fs";
import posix from "node:path/posix";
import { EngineError } from "#errors/engine-error.ts";
import type { PathStat } from "./contract.ts";

const BILLION = 1_000_000_000n;
/** As Docker follows. */
const MOST_LINKS = 255;

/** Bits of Go's `fs.FileMode` (io/fs/fs.go): the type and the special bits lie elsewhere than in Unix. */
const GO = {
  directory: 2 ** 31,
  symlink: 2 ** 27,
  device: 2 ** 26,
  fifo: 2 ** 25,
  socket: 2 ** 24,
  setuid: 2 ** 23,
  setgid: 2 ** 22,
  charDevice: 2 ** 21,
  sticky: 2 ** 20,
} as const;

/**
 * The path that a request means: absolute, without dots, except that a `/` or `/.` at its end stays: it asks for what a link leads to,
 * and for a folder's content.
 */
export function askedPath(path: string): string {
  const clean = posix.resolve("/", path);
  if (posix.basename(path) === ".") return clean === "/" ? "/." : `${clean}/.`;
  return path.endsWith("/") && clean !== "/" ? `${clean}/` : clean;
}

/** The last name of a path, as Go's `filepath.Base` has it: `/` of the root, `.` of a path that ends so. */
export function baseName(path: string): string {
  return posix.basename(path) || "/";
}

/**
 * What is at a path of the current root. A link at its end is not followed, and where it leads is told.
 *
 * @param path as `askedPath` has it.
 * @throws EngineError `not-found` (code `no-such-path`), `invalid`.
 */
export function statPath(path: string): PathStat {
  const stats = lookAt(path);
  return {
    name: baseName(path),
    size: Number(stats.size),
    mode: goMode(stats),
    mtime: timeText(stats.mtimeNs),
    linkTarget: stats.isSymbolicLink() ? followed(path) : "",
  };
}

function lookAt(path: string): BigIntStats {
  try {
    return lstatSync(path, { bigint: true });
  } catch (error) {
    throw pathError(path, error);
  }
}

function goMode(stats: BigIntStats): number {
  const { mode } = stats;
  let bits = Number(mode & 0o777n);
  if (stats.isDirectory()) bits += GO.directory;
  if (stats.isSymbolicLink()) bits += GO.symlink;
  if (stats.isFIFO()) bits += GO.fifo;
  if (stats.isSocket()) bits += GO.socket;
  if (stats.isBlockDevice() || stats.isCharacterDevice()) bits += GO.device;
  if (stats.isCharacterDevice()) bits += GO.charDevice;
  if ((mode & 0o4000n) !== 0n) bits += GO.setuid;
  if ((mode & 0o2000n) !== 0n) bits += GO.setgid;
  if ((mode & 0o1000n) !== 0n) bits += GO.sticky;
  return bits;
}

/** RFC 3339 with as many decimals as it takes, as Go writes it. */
function timeText(nanoseconds: bigint): string {
  const fraction = ((nanoseconds % BILLION) + BILLION) % BILLION;
  const seconds = Number((nanoseconds - fraction) / BILLION);
  const whole = new Date(seconds * 1000).toISOString().slice(0, -5);
  const decimals = String(fraction).padStart(9, "0").replace(/0+$/, "");
  return `${whole}${decimals === "" ? "" : `.${decimals}`}Z`;
}

/** Where a link leads in the end, or as far as there is something. */
function followed(path: string): string {
  let done = "/";
  const left = path.split("/").filter(Boolean);
  for (let links = 0; left.length > 0;) {
    const part = left.shift() ?? "";
    const next = posix.resolve(done, part);
    const target = linkTarget(next);
    if (target === undefined) {
      done = next;
      continue;
    }
    if (++links > MOST_LINKS) throw new EngineError("invalid", `too many links in ${path}`);
    left.unshift(...target.split("/").filter(Boolean));
    if (target.startsWith("/")) done = "/";
  }
  return done;
}

function linkTarget(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

/** The engine's words for a path that cannot be looked up. The caller knows the container's name, and puts the rest around it. */
export function pathError(path: string, error: unknown): unknown {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ENOENT") return new EngineError("not-found", `no such path: ${path}`, { code: "no-such-path" });
  if (code === "ENOTDIR") return new EngineError("invalid", `lstat ${path}: not a directory`);
  if (code === "ELOOP") return new EngineError("invalid", `lstat ${path}: too many levels of symbolic links`);
  if (code === "ENAMETOOLONG") return new EngineError("invalid", `lstat ${path}: file name too long`);
  return error;
}
