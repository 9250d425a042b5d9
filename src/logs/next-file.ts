import { constants } from "node:fs";
import { type FileHandle, open, rm } from "node:fs/promises";
import { basename, join } from "node:path/posix";
import type { FileWrites } from "#sys/inotify.ts";
import { endLease, isLeaseBroken, takeReadLease } from "#sys/lease.ts";
import { FEED, identify, nameAlso, NEXT_FEED } from "./log-folder.ts";

export interface NextFileOptions {
  readonly folder: string;
  /** The monitor waits before it begins to write, until `open`. Not where the file system has no leases. */
  readonly gated: boolean;
  /** The monitor writes into it, which without a gate is the only news of a rotation. */
  readonly onWritten: (file: NextFile) => void;
  /** The monitor has filled it and begun it anew before it was made the current one: what was in it is lost. */
  readonly onOverrun: () => void;
}

/** Tries that a rotation by the monitor may spoil. */
const TRIES = 5;

/** The file that the monitor goes on in when the current one is full: empty, and waiting behind a lease. */
export class NextFile {
  readonly #file: FileHandle;
  readonly gated: boolean;
  #unlisten: (() => void) | undefined;
  #closed = false;

  private constructor(file: FileHandle, gated: boolean) {
    this.#file = file;
    this.gated = gated;
  }

  /** Makes one, and puts it where the monitor will look. */
  static async make(writes: FileWrites, options: NextFileOptions): Promise<NextFile> {
    const { folder } = options;
    const path = join(folder, "next.new");
    await rm(path, { force: true });
    const file = await open(path, constants.O_RDONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
    const next = new NextFile(file, options.gated && takeReadLease(file.fd) === "taken");
    await next.#put(writes, options, basename(path), (await file.stat({ bigint: true })).ino);
    await rm(path, { force: true });
    return next;
  }

  /**
   * Takes over the file that waits already, for a daemon that comes anew. Undefined when the monitor has begun it.
   */
  static async takeOver(writes: FileWrites, options: NextFileOptions): Promise<NextFile | undefined> {
    const path = join(options.folder, FEED);
    const file = await open(path, "r");
    const { size, ino } = await file.stat({ bigint: true });
    const outcome = size > 0n ? "open-for-writing" : takeReadLease(file.fd);
    if (outcome === "open-for-writing") {
      await file.close();
      return undefined;
    }
    const next = new NextFile(file, options.gated && outcome === "taken");
    if (!next.gated) endLease(file.fd);
    await next.#put(writes, options, FEED, ino);
    return next;
  }

  /** Whether the monitor stands at the gate. */
  get wanted(): boolean {
    return !this.#closed && this.gated && isLeaseBroken(this.#file.fd);
  }

  /** Lets the monitor in, and hears of it no more. */
  async open(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#unlisten?.();
    endLease(this.#file.fd);
    await this.#file.close();
  }

  async #put(writes: FileWrites, options: NextFileOptions, name: string, inode: bigint): Promise<void> {
    try {
      await place(options.folder, name, inode);
      this.#listen(writes, options);
    } catch (error) {
      await this.open();
      throw error;
    }
  }

  #listen(writes: FileWrites, { folder, onWritten, onOverrun }: NextFileOptions): void {
    let filled = false;
    this.#unlisten = writes.listen(join(folder, FEED), (event) => {
      if (event === "closed") filled = true;
      else if (filled) {
        filled = false;
        onOverrun();
      } else onWritten(this);
    });
  }
}

/**
 * Puts a file under both names that the monitor uses. That it is one and the same file there makes the monitor's rename a call that
 * does nothing (rename(2): "if oldpath and newpath are existing hard links referring to the same file"), so that
 * the next time it is full it finds again what we put there, however soon that is.
 */
async function place(folder: string, name: string, inode: bigint): Promise<void> {
  for (let tries = 1; ; tries++) {
    if (name !== NEXT_FEED) await nameAlso(folder, name, NEXT_FEED);
    if (name !== FEED) await nameAlso(folder, name, FEED);
    // A rename of the monitor's in between, possible while it is not gated, has moved the one over the other.
    const [feed, next] = [await identify(join(folder, FEED)), await identify(join(folder, NEXT_FEED))];
    if ((feed?.inode === inode && next?.inode === inode) || tries === TRIES) return;
  }
}
