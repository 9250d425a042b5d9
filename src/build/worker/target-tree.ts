import type { BigIntStats } from "node:fs";
import { dirname } from "node:path/posix";
import { EngineError } from "#errors/engine-error.ts";
import { bytePathOf, type BytePath } from "#lib/byte-path.ts";
import { SystemCallError } from "#sys/ffi.ts";
import { RootFolder } from "#sys/files/in-root.ts";
import * as node from "#sys/files/node-file.ts";
import type { FileTime } from "#lib/file-time.ts";
import { chmodded } from "./chmod.ts";
import type { Looks } from "./job.ts";

const MADE_MODE = 0o755;

/** The tree that is copied into. Links in it are followed by the kernel, inside it (openat2). Nobody else writes to it. */
export class TargetTree implements Disposable {
  readonly root: RootFolder;
  readonly looks: Looks;
  readonly #folder: BytePath;

  constructor(folder: string, looks: Looks) {
    this.root = new RootFolder(folder);
    this.looks = looks;
    this.#folder = bytePathOf(folder);
  }

  [Symbol.dispose](): void {
    this.root[Symbol.dispose]();
  }

  /** The host's path of what really is at a path of the tree; no link is in it. */
  hostPath(real: string): BytePath {
    return real === "/" ? this.#folder : `${this.#folder}${bytePathOf(real)}`;
  }

  /** Makes a folder and those above it where they are missing, and returns the path that it really has. @throws EngineError `invalid`. */
  makeFolders(path: string): string {
    const there = this.root.realpath(path);
    if (there !== undefined) {
      if (this.root.stat(there)?.isDirectory() !== true) throw new EngineError("invalid", `cannot copy to non-directory: ${path}`);
      return there;
    }
    if (path !== "/") this.makeFolders(dirname(path));
    const made = this.#make(path);
    const host = this.hostPath(made);
    node.setMode(host, MADE_MODE);
    const { owner, time } = this.looks;
    if (owner !== undefined) node.setOwner(host, owner.user, owner.group);
    if (time !== undefined) node.setTimes(host, { seconds: time, nanoseconds: 0 });
    return made;
  }

  /** What a copy of a node looks like. */
  looksOf(
    stats: BigIntStats,
    asRoot: boolean,
  ): { readonly user: number; readonly group: number; readonly mode: number; readonly time: FileTime } {
    const { owner, chmod, time } = this.looks;
    const mode = Number(stats.mode & 0o7777n);
    const own = asRoot ? { user: 0, group: 0 } : { user: Number(stats.uid), group: Number(stats.gid) };
    return {
      ...(owner ?? own),
      mode: chmod === undefined ? mode : chmodded(mode, stats.isDirectory(), chmod),
      time: time === undefined ? timeOf(stats) : { seconds: time, nanoseconds: 0 },
    };
  }

  #make(path: string): string {
    try {
      return this.root.makeFolders(path, MADE_MODE);
    } catch (cause) {
      if (!(cause instanceof SystemCallError)) throw cause;
      throw new EngineError("invalid", `cannot make the folder ${path}: ${cause.code}`, { cause });
    }
  }
}

function timeOf({ mtimeNs }: BigIntStats): FileTime {
  const nanoseconds = ((mtimeNs % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n;
  return { seconds: Number((mtimeNs - nanoseconds) / 1_000_000_000n), nanoseconds: Number(nanoseconds) };
}
