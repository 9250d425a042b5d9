import type { BytePath } from "#lib/byte-path.ts";
import type { TreeBeneath } from "#sys/files/beneath.ts";
import { makeFolder, makeSymlink, removeFile, setMode, setOwner, setTimes } from "#sys/files/node-file.ts";
import type { FileTime } from "#lib/file-time.ts";
import type { Budget } from "./budget.ts";
import { clampedPath, inFolder, nameOf, parentOf, ROOT } from "./entry-path.ts";
import { refusal } from "./refusal.ts";
import { look, readLink } from "../tree/nodes.ts";
import type { Whiteouts } from "./whiteouts.ts";

/** As the kernel's own limit on links in one walk. */
const MOST_LINKS = 40;
const SETGID = 0o2000;

export interface FolderLook {
  readonly mode: number;
  readonly user: number;
  readonly group: number;
  readonly modified: FileTime | undefined;
}

const PLAIN_FOLDER: FolderLook = { mode: 0o755, user: 0, group: 0, modified: undefined };

export interface FoldersDeps {
  readonly whiteouts: Whiteouts;
  readonly budget: Budget;
  readonly below: TreeBeneath | undefined;
  /** All folders will be ours. */
  readonly startsEmpty: boolean;
}

/** Makes folders: those that a layer lists, and those it only has content in. */
export class Folders {
  readonly #deps: FoldersDeps;
  /** Writing into a folder changes its time, so all times are set at the end. */
  readonly #times = new Map<BytePath, FileTime>();
  /** Some folder may give its group to what is made in it. */
  #groupsAreInherited: boolean;

  constructor(deps: FoldersDeps) {
    this.#deps = deps;
    this.#groupsAreInherited = !deps.startsEmpty || ((look(ROOT)?.mode ?? SETGID) & SETGID) !== 0;
  }

  /** Whether a new file may belong to another group than root's, which spares one system call in five where it may not. */
  get groupsAreInherited(): boolean {
    return this.#groupsAreInherited;
  }

  /** Gives a folder that exists its looks. */
  dress(path: BytePath, { mode, user, group, modified }: FolderLook): void {
    setOwner(path, user, group);
    // After chown, and also for a folder just made: mkdir takes over a setgid bit from above and drops one that was asked for.
    setMode(path, mode);
    if ((mode & SETGID) !== 0) this.#groupsAreInherited = true;
    if (modified === undefined) return;
    if (!this.#times.has(path)) this.#deps.budget.remember(path);
    this.#times.set(path, modified);
  }

  make(path: BytePath, looks: FolderLook): void {
    makeFolder(path, looks.mode & 0o777);
    this.#deps.whiteouts.madeFolder(path);
    this.dress(path, looks);
  }

  /**
   * Makes sure that a folder is there and those above it, and returns where it really is. Links that the layer brought are followed
   * inside the root, as for the kernel; one without a target gets its target made.
   */
  ensure(path: BytePath, links = 0): BytePath {
    if (path === ROOT) return ROOT;
    const there = look(path);
    if (there === undefined) return this.#makeImplied(path, links);
    if (there.isDirectory()) return path;
    if (there.isSymbolicLink()) return this.#behind(path, readLink(path), links);
    if (!this.#deps.whiteouts.isMark(path)) throw refusal(path, "is not a folder, but has content");
    removeFile(path);
    this.make(path, PLAIN_FOLDER);
    return path;
  }

  /** Sets the times, of what is still a folder. */
  finish(): void {
    for (const [path, time] of this.#times) if (look(path)?.isDirectory() === true) setTimes(path, time);
  }

  #makeImplied(path: BytePath, links: number): BytePath {
    const real = inFolder(this.ensure(parentOf(path), links), nameOf(path));
    if (real !== path) return this.ensure(real, links + 1);
    this.#deps.budget.entry();
    const below = this.#deps.below?.look(path);
    if (below !== undefined && "target" in below) {
      makeSymlink(below.target, path);
      setOwner(path, Number(below.stats.uid), Number(below.stats.gid));
      setTimes(path, timeOf(below.stats.mtimeNs));
      return this.#behind(path, below.target, links);
    }
    this.make(path, below?.stats.isDirectory() === true ? looksOf(below.stats) : PLAIN_FOLDER);
    return path;
  }

  #behind(link: BytePath, target: BytePath, links: number): BytePath {
    if (links >= MOST_LINKS) throw refusal(link, "too many levels of symbolic links");
    return this.ensure(clampedPath(target.startsWith("/") ? target : `${parentOf(link)}/${target}`), links + 1);
  }
}

function looksOf(stats: { mode: bigint; uid: bigint; gid: bigint; mtimeNs: bigint }): FolderLook {
  return { mode: Number(stats.mode & 0o7777n), user: Number(stats.uid), group: Number(stats.gid), modified: timeOf(stats.mtimeNs) };
}

function timeOf(nanoseconds: bigint): FileTime {
  const rest = ((nanoseconds % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n;
  return { seconds: Number((nanoseconds - rest) / 1_000_000_000n), nanoseconds: Number(rest) };
}
