import { rm } from "node:fs/promises";
import { join } from "node:path/posix";
import type { Logger } from "#lib/logger.ts";
import type { FileWrites } from "#sys/inotify.ts";
import { compressFile } from "./compress.ts";
import type { LogLayout } from "./layout.ts";
import { CURRENT, FEED, findFiles, type FoundFile, identify, nameAlso, nameOf } from "./log-folder.ts";
import { NextFile } from "./next-file.ts";
import { surplus } from "./retention.ts";

export interface KeptLogDeps {
  readonly writes: FileWrites;
  readonly logger: Logger;
  /** The monitor filled files that nobody had made room for. */
  readonly onOverrun: (folder: string) => void;
}

/** How long after a failure (a full disk) it is tried again, ms. */
const RETRY_AFTER = 1000;

/** The log of a container that runs: begins the next file whenever the monitor has filled one. */
export class KeptLog {
  readonly #deps: KeptLogDeps;
  readonly #folder: string;
  readonly #layout: LogLayout;
  readonly #ended = new AbortController();
  /** One thing after another. */
  #tail: Promise<void>;
  #next: NextFile | undefined;
  #compressing: Promise<void> = Promise.resolve();
  #retry: NodeJS.Timeout | undefined;
  /** The next file that is about to become the current one. */
  #advancingTo: NextFile | undefined;

  constructor(deps: KeptLogDeps, folder: string, layout: LogLayout) {
    this.#deps = deps;
    this.#folder = folder;
    this.#layout = layout;
    this.#tail = this.#attempt(() => this.#settle());
  }

  /** Resolves when what was begun is done. */
  async idle(): Promise<void> {
    await this.#tail;
    await this.#compressing;
  }

  /** Goes on to the next file if the monitor waits for that. */
  check(): void {
    if (this.#next?.wanted === true) this.#advanceSoon(this.#next);
  }

  /** The monitor has ended, or the daemon does: nothing holds the monitor up any more once this was called. */
  async end(): Promise<void> {
    this.#ended.abort();
    clearTimeout(this.#retry);
    const opened = this.#next?.open();
    await this.idle();
    await opened;
    // Made by what was under way.
    await this.#next?.open();
  }

  /** Once for each file, however often it is heard of. */
  #advanceSoon(next: NextFile): void {
    if (this.#advancingTo === next || this.#ended.signal.aborted) return;
    this.#advancingTo = next;
    this.#tail = this.#tail.then(() => this.#attempt(() => this.#advance(next)));
  }

  /** A failure is not the monitor's: it may go on, and a later try makes up for it. */
  async #attempt(step: () => Promise<void>): Promise<void> {
    if (this.#ended.signal.aborted) return;
    try {
      await step();
    } catch (error) {
      await this.#next?.open();
      this.#next = undefined;
      if (this.#ended.signal.aborted) return;
      this.#deps.logger.warn({ folder: this.#folder, error }, "the next file of a log could not be made; trying again");
      this.#retry = setTimeout(() => {
        this.#tail = this.#tail.then(() => this.#attempt(() => this.#settle()));
      }, RETRY_AFTER);
      this.#retry.unref();
    }
  }

  /** Finds out where the monitor writes, whatever a daemon before left undone, and has the next file wait for it. */
  async #settle(): Promise<void> {
    const feed = await identify(join(this.#folder, FEED));
    if (feed === undefined) return;
    const files = await findFiles(this.#folder);
    if (files.every(({ inode }) => inode !== feed.inode)) {
      this.#next = await NextFile.takeOver(this.#deps.writes, this.#nextOptions());
      if (this.#next !== undefined) return this.#compressSoon();
      await this.#takeIn(files, feed);
    } else {
      await nameAlso(this.#folder, nameOf(files.at(-1)?.number ?? 1), CURRENT);
    }
    this.#next = await NextFile.make(this.#deps.writes, this.#nextOptions());
    this.#compressSoon();
  }

  /** The monitor has filled the current file, and stands before the next one, or has begun that. */
  async #advance(next: NextFile): Promise<void> {
    if (this.#next !== next) return;
    // So that what is not compressed yet stays one file, however fast the container writes.
    if (this.#layout.blocking) await this.#compressing;
    const files = await findFiles(this.#folder);
    const feed = await identify(join(this.#folder, FEED));
    if (feed === undefined) return;
    await this.#takeIn(files, feed);
    try {
      this.#next = await NextFile.make(this.#deps.writes, this.#nextOptions());
    } finally {
      await next.open();
    }
    if (this.#ended.signal.aborted) await this.#next.open();
    else this.#compressSoon();
  }

  /** Makes what lies in the feed the current file. */
  async #takeIn(files: readonly FoundFile[], feed: Pick<FoundFile, "inode" | "bytes">): Promise<void> {
    if (files.some(({ inode }) => inode === feed.inode)) return;
    const name = nameOf((files.at(-1)?.number ?? 0) + 1);
    await nameAlso(this.#folder, FEED, name);
    await nameAlso(this.#folder, name, CURRENT);
    for (const old of surplus(files, this.#layout, this.#layout.files - 1)) await rm(join(this.#folder, old.name), { force: true });
  }

  #compressSoon(): void {
    if (!this.#layout.compress) return;
    this.#compressing = this.#compressing
      .then(() => this.#compressOlder())
      .catch((error: unknown) => {
        if (!this.#ended.signal.aborted) this.#deps.logger.warn({ folder: this.#folder, error }, "a log file could not be compressed");
      });
  }

  async #compressOlder(): Promise<void> {
    const older = (await findFiles(this.#folder)).slice(0, -1).filter(({ compressed }) => !compressed);
    for (const file of older) await compressFile(this.#folder, file, this.#ended.signal);
  }

  #nextOptions(): Parameters<typeof NextFile.make>[1] {
    return {
      folder: this.#folder,
      gated: this.#layout.blocking,
      onWritten: (file) => this.#advanceSoon(file),
      onOverrun: () => this.#deps.onOverrun(this.#folder),
    };
  }
}
