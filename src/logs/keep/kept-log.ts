import { rm } from "node:fs/promises";
import { join } from "node:path/posix";
import type { Logger } from "#lib/logger.ts";
import type { FileWrites } from "#sys/files/inotify.ts";
import { compressFile } from "../compress.ts";
import type { LogLayout } from "../layout.ts";
import { FEED, findFiles, identify, takeInRest } from "../log-folder.ts";
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
  readonly #hurry = new AbortController();
  /** One thing after another. */
  #tail: Promise<void>;
  #next: NextFile | undefined;
  #compressing: Promise<void> = Promise.resolve();
  #retry: NodeJS.Timeout | undefined;
  #isOpened: boolean;
  /** The next file that is about to become the current one. */
  #advancingTo: NextFile | undefined;

  /** @param isOpened the monitor has its log open already. */
  constructor(deps: KeptLogDeps, folder: string, layout: LogLayout, isOpened: boolean) {
    this.#isOpened = isOpened;
    this.#deps = deps;
    this.#folder = folder;
    this.#layout = layout;
    this.#tail = this.#attempt(() => this.#settle());
  }

  /** The monitor has opened its log, and writes. */
  opened(): void {
    if (this.#isOpened) return;
    this.#isOpened = true;
    this.#tail = this.#after(this.#tail, async () => await this.#next?.coverFeed());
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

  /**
   * The monitor has ended, or the daemon does and does not wait for what takes long: nothing holds the monitor up any more once this was
   * called.
   */
  async end(who: "monitor" | "daemon"): Promise<void> {
    this.#ended.abort();
    if (who === "daemon") this.#hurry.abort();
    else this.#compressSoon();
    clearTimeout(this.#retry);
    const opened = this.#next?.open();
    await this.idle();
    await opened;
    // Made by what was under way.
    await this.#next?.open();
    await takeInRest(this.#folder);
  }

  /** Once for each file, however often it is heard of. */
  #advanceSoon(next: NextFile): void {
    if (this.#advancingTo === next || this.#ended.signal.aborted) return;
    this.#advancingTo = next;
    this.#tail = this.#after(this.#tail, () => this.#advance(next));
  }

  async #after(previous: Promise<void>, step: () => Promise<void>): Promise<void> {
    await previous;
    await this.#attempt(step);
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
        this.#tail = this.#after(this.#tail, () => this.#settle());
      }, RETRY_AFTER);
      this.#retry.unref();
    }
  }

  /** Makes what the monitor wrote part of the log, whatever a daemon before left undone, and has the next file wait for it. */
  async #settle(): Promise<void> {
    if ((await identify(join(this.#folder, FEED))) === undefined) return;
    this.#next = await NextFile.takeOver(this.#deps.writes, this.#nextOptions());
    this.#next ??= await NextFile.make(this.#deps.writes, this.#nextOptions());
    if (this.#isOpened) await this.#next.coverFeed();
    await this.#settled();
  }

  /** The monitor has filled the current file, and stands before the next one, or has begun that. */
  async #advance(next: NextFile): Promise<void> {
    if (this.#next !== next) return;
    // So that what is not compressed yet stays one file, however fast the container writes.
    if (this.#layout.blocking) await this.#compressing;
    try {
      this.#next = await NextFile.make(this.#deps.writes, this.#nextOptions());
      await this.#next.coverFeed();
      await this.#dropSurplus();
    } finally {
      await next.open();
    }
    await this.#settled();
  }

  async #settled(): Promise<void> {
    if (this.#ended.signal.aborted) await this.#next?.open();
    // What the kernel said before there was somebody to hear it.
    else this.check();
    this.#compressSoon();
  }

  /** The newest one is empty still, or has just been begun. */
  async #dropSurplus(): Promise<void> {
    const older = (await findFiles(this.#folder)).slice(0, -1);
    for (const old of surplus(older, this.#layout, this.#layout.files - 1)) await rm(join(this.#folder, old.name), { force: true });
  }

  #compressSoon(): void {
    if (!this.#layout.compress) return;
    this.#compressing = this.#compressing
      .then(() => this.#compressOlder())
      .catch((error: unknown) => {
        if (!this.#hurry.signal.aborted) this.#deps.logger.warn({ folder: this.#folder, error }, "a log file could not be compressed");
      });
  }

  async #compressOlder(): Promise<void> {
    const older = (await findFiles(this.#folder)).slice(0, -1).filter(({ compressed }) => !compressed);
    for (const file of older) await compressFile(this.#folder, file, this.#hurry.signal);
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
