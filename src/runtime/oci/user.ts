import { EngineError } from "#errors/engine-error.ts";
import { RootFolder } from "#sys/files/in-root.ts";
import type { ResolvedUser } from "./spec-input.ts";

/** More is refused: a user data base of this size is an attack on memory (CVE-2026-47262), never an image's own. */
const LARGEST_FILE = 1024 * 1024;
/** As Docker has it, and far from 2^32 - 1, which the kernel takes for "no change" (CVE-2024-40635). */
const LARGEST_ID = 2 ** 31 - 1;

/**
 * Resolves `user[:group]` and the extra groups in the container's own /etc/passwd and /etc/group, by Docker's rules: a decimal
 * number is an id, whether it is listed or not, anything else a name; a user found in passwd brings its groups unless a group is
 * named. What only looks like a number (`00`, `0x0`, `1e3`, `1000 `, `-1`) is refused and never looked up as a name, for a
 * parser that takes it for 0 or for a crafted name would make it root (CVE-2016-3697, CVE-2026-30892).
 *
 * The files are the image's: read inside the root, regular ones only, bounded. A file that is missing or special counts as empty.
 *
 * @param rootfs absolute path of the mounted root.
 * @throws EngineError `invalid` with Docker's texts.
 */
export function resolveUser(rootfs: string, userSpec: string, groupAdd: readonly string[] = []): ResolvedUser {
  using root = new RootFolder(rootfs);
  return resolveIn(readRecords(root, "/etc/passwd"), readRecords(root, "/etc/group"), userSpec, groupAdd);
}

/** The lines of passwd or group, split at their colons; may be walked more than once. */
export type Records = Iterable<readonly string[]>;

interface KnownUser {
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
  /** Undefined for a number that passwd does not list. */
  readonly name: string | undefined;
}

/** The decision alone. */
export function resolveIn(passwd: Records, group: Records, userSpec: string, groupAdd: readonly string[]): ResolvedUser {
  const colon = userSpec.indexOf(":");
  const userPart = colon < 0 ? userSpec : userSpec.slice(0, colon);
  const groupPart = colon < 0 ? "" : userSpec.slice(colon + 1);
  const user = findUser(passwd, userPart === "" ? "0" : userPart);
  const groups = readGroups(group, groupPart === "" ? user.name : undefined, [groupPart, ...groupAdd]);
  const gid = groupPart === "" ? user.gid : groups.idOf(groupPart);
  const added = groupAdd.map((name) => groups.idOf(name));
  // The first group is part of the set, or a file that denies it by its group bits would be readable (CVE-2022-36109).
  return { uid: user.uid, gid, additionalGids: [...new Set([gid, ...groups.own, ...added])], home: user.home };
}

function findUser(passwd: Records, wanted: string): KnownUser {
  const wantedId = idFrom(wanted, "user");
  for (const [name = "", , uidText = "", gidText = "", , home = ""] of passwd) {
    const uid = parseId(uidText);
    const gid = parseId(gidText);
    // A line with an id out of range is no user at all.
    if (uid === undefined || gid === undefined) continue;
    if (wantedId === undefined ? name === wanted : uid === wantedId) return { uid, gid, home: home.startsWith("/") ? home : "/", name };
  }
  if (wantedId === undefined) throw new EngineError("invalid", `unable to find user ${wanted}: no matching entries in passwd file`);
  return { uid: wantedId, gid: 0, home: "/", name: undefined };
}

/** One walk over the group file: the groups that list `member`, and the ids of those asked for by name. */
function readGroups(group: Records, member: string | undefined, wanted: readonly string[]): { own: number[]; idOf(text: string): number } {
  const own: number[] = [];
  const ids = new Map<string, number>();
  for (const [name = "", , gidText = "", members = ""] of group) {
    const gid = parseId(gidText);
    if (gid === undefined) continue;
    if (member !== undefined && `,${members},`.includes(`,${member},`)) own.push(gid);
    if (wanted.includes(name) && !ids.has(name)) ids.set(name, gid);
  }
  const idOf = (text: string): number => {
    const gid = idFrom(text, "group") ?? ids.get(text);
    if (gid === undefined) throw new EngineError("invalid", `unable to find group ${text}: no matching entries in group file`);
    return gid;
  };
  return { own, idOf };
}

/** The id that a text is, or undefined for a name. */
function idFrom(text: string, kind: "user" | "group"): number | undefined {
  const id = parseId(text);
  if (id !== undefined) return id;
  if (/^-?[1-9]\d*$/.test(text)) throw new EngineError("invalid", `uids and gids must be in range 0-${LARGEST_ID}`);
  const ambiguous = !Number.isNaN(Number(text)) || text.trim() !== text || text.includes("\0");
  if (ambiguous) throw new EngineError("invalid", `unable to find ${kind} ${text}: neither a name nor a plain number`);
  return undefined;
}

/** Digits without a leading zero, in range. */
function parseId(text: string): number | undefined {
  if (!/^(0|[1-9]\d{0,9})$/.test(text)) return undefined;
  const id = Number(text);
  return id <= LARGEST_ID ? id : undefined;
}

function readRecords(root: RootFolder, path: string): Records {
  const content = readLimited(root, path)?.toString("utf8") ?? "";
  return { [Symbol.iterator]: () => splitRecords(content) };
}

function readLimited(root: RootFolder, path: string): Buffer | undefined {
  try {
    return root.readFile(path, LARGEST_FILE);
  } catch (cause) {
    if (cause instanceof RangeError)
      throw new EngineError("invalid", `${path} of the container is larger than ${LARGEST_FILE} bytes`, { cause });
    throw cause;
  }
}

/** Line by line: a file of two million short lines must not become two million arrays. */
function* splitRecords(content: string): Generator<string[]> {
  for (let start = 0; start < content.length;) {
    const newline = content.indexOf("\n", start);
    const end = newline < 0 ? content.length : newline;
    if (end > start) yield content.slice(start, end).split(":", 7);
    start = end + 1;
  }
}
