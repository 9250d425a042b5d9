import { constants } from "node:fs";
import { type FileHandle, link, open, rename, rm } from "node:fs/promises";
import { join } from "node:path/posix";
import { setTimeout } from "node:timers/promises";
import type { FileWrites } from "#sys/files/inotify.ts";
import { endLease, isLeaseBroken, takeReadLease } from "#sys/files/lease.ts";
import { FEED, FEED_TEMPORARY, findFiles, identify, isOpenForWriting, nameAlso, NEXT, takeIn } from "../log-folder.ts";

export interface NextFileOptions {
  readonly folder: string;
  /** The monitor waits before it begins to write, until `open`. Not where the file system has no leases. */
  readonly gated: boolean;
  /** The monitor writes into it, which without a gate is the only news of a rotation. */
  readonly onWritten: (file: NextFile) => void;
  /** The monitor has filled it and begun it anew before it was made the current one: what was in it is lost. */
  readonly onOverrun: () => void;
}

/** A rotation of the monitor's that nobody waited for is over within microseconds. */
const TRIES = 20;

/** The file that the monitor goes on in when the current one is full: empty, and waiting behind a lease. */
export class NextFile {
  readonly gated: boolean;
  readonly #file: FileHandle;
  readonly #options: NextFileOptions;
  #unlisten: (() => void) | undefined;
  #closed = false;

  private constructor(file: FileHandle, gated: boolean, options: NextFileOptions) {
    this.#file = file;
    this.gated = gated;
    this.#options = options;
  }

  /**
   * Makes one, and puts it where the monitor will look. Only then the one before becomes part of the log, so that without a daemon the
   * monitor has never less than a whole file before it comes round to one that it has filled.
   */
  static async make(writes: FileWrites, options: NextFileOptions): Promise<NextFile> {
    const name = `${NEXT}.new`;
    const path = join(options.folder, name);
    await rm(path, { force: true });
    const file = await open(path, constants.O_RDONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
    const next = new NextFile(file, options.gated && takeReadLease(file.fd) === "taken", options);
    await next.#orOpen(async () => {
      await putAside(options.folder, name);
      await takeIn(options.folder, NEXT);
      await rename(path, join(options.folder, NEXT));
      next.#listen(writes);
    });
    return next;
  }

  /** Takes over the file that waits already, for a daemon that comes anew. Undefined when there is none, or the monitor has begun it. */
  static async takeOver(writes: FileWrites, options: NextFileOptions): Promise<NextFile | undefined> {
    const path = join(options.folder, NEXT);
    if ((await identify(path)) === undefined) return undefined;
    const file = await open(path, "r");
    const outcome = (await file.stat()).size > 0 ? "open-for-writing" : takeReadLease(file.fd);
    const next = new NextFile(file, options.gated && outcome === "taken", options);
    if (outcome === "open-for-writing") {
      await next.open();
      return undefined;
    }
    if (!next.gated) endLease(file.fd);
    await next.#orOpen(async () => {
      await putAside(options.folder, NEXT);
      next.#listen(writes);
    });
    return next;
  }

  /** Whether the monitor stands at the gate. */
  get wanted(): boolean {
    return !this.#closed && this.gated && isLeaseBroken(this.#file.fd);
  }

  /**
   * To be called when the monitor has opened its log. Puts the file under the second name that it uses as well. That it is one and the same
   * file there makes the monitor's rename a call that does nothing (rename(2): "if oldpath and newpath are existing hard links
   * referring to the same file"), so that when it is full again it finds what we put there by then, however soon that is.
   */
  async coverFeed(): Promise<void> {
    const { folder } = this.#options;
    for (let tries = 0; tries < TRIES; tries++) {
      const [own, feed] = [await identify(join(folder, NEXT)), await identify(join(folder, FEED))];
      // What the monitor has begun without being held up.
      if (feed?.inode !== own?.inode && (await isUsed(join(folder, FEED)))) await takeIn(folder, FEED);
      await nameAlso(folder, NEXT, FEED);
      if ((await identify(join(folder, FEED_TEMPORARY)))?.inode === own?.inode) return;
      // Its rename came in between, and took the name along.
      await putAside(folder, NEXT);
    }
  }

  /** Lets the monitor in, and hears of it no more. */
  async open(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#unlisten?.();
    endLease(this.#file.fd);
    await this.#file.close();
  }

  #listen(writes: FileWrites): void {
    const { folder, onWritten, onOverrun } = this.#options;
    let filled = false;
    this.#unlisten = writes.listen(join(folder, NEXT), (event) => {
      if (event === "closed") filled = true;
      else if (filled) {
        filled = false;
        onOverrun();
      } else onWritten(this);
    });
  }

  async #orOpen(step: () => Promise<void>): Promise<void> {
    try {
      await step();
    } catch (error) {
      await this.open();
      throw error;
    }
  }
}

/**
 * Puts the next file where the monitor looks for it when its log is full. What is there already is either of ours, or one that the
 * monitor has made this moment and is about to rename: that is let go first.
 */
async function putAside(folder: string, name: string): Promise<void> {
  const path = join(folder, FEED_TEMPORARY);
  for (let tries = 0; tries < TRIES; tries++) {
    if (await linked(join(folder, name), path)) return;
    const there = await identify(path);
    const [feed, files] = [await identify(join(folder, FEED)), await findFiles(folder)];
    const own = await identify(join(folder, NEXT));
    const ours = [feed, own, ...files].map((file) => file?.inode);
    const isOurs = there === undefined || ours.includes(there.inode);
    if (isOurs) break;
    await setTimeout(1);
  }
  await nameAlso(folder, name, FEED_TEMPORARY);
}

async function linked(existing: string, path: string): Promise<boolean> {
  try {
    await link(existing, path);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  }
}

/** Whether there is something in a file, or somebody may write to it. False for one that is not there. */
async function isUsed(path: string): Promise<boolean> {
  const found = await identify(path);
  return found !== undefined && (found.bytes > 0 || (await isOpenForWriting(path)));
}
