import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { unlink } from "node:fs/promises";
import { join } from "node:path";
import { messageOf } from "#errors/engine-error.ts";

export interface UnsyncedBlobsOptions {
  /** Belongs to this alone; on the file system of the blobs. */
  readonly folder: string;
  /** See `currentBootId`. */
  readonly bootId: string;
  readonly sync: (name: string) => Promise<void>;
}

/**
 * Blobs that are whole, and on their way to the disk: the sync of a large one takes seconds that nobody has to wait for. Each has a
 * mark with the boot of the host that it was written in, made before the blob gets its name. After another boot a marked blob may be
 * damaged, and goes; its layer does, too (see `LayerSync`).
 */
export class UnsyncedBlobs {
  readonly #options: UnsyncedBlobsOptions;
  readonly #going = new Set<Promise<void>>();

  constructor(options: UnsyncedBlobsOptions) {
    this.#options = options;
    mkdirSync(options.folder, { recursive: true, mode: 0o700 });
  }

  mark(name: string): void {
    writeFileSync(this.#fileOf(name), this.#options.bootId, { mode: 0o600 });
  }

  /** Syncs a marked blob behind its caller, and takes the mark away. */
  start(name: string): void {
    const work = this.#sync(name).finally(() => this.#going.delete(work));
    this.#going.add(work);
  }

  /** At the start of a daemon: goes on with what the last one left. @returns the blobs that may be damaged. */
  resume(): string[] {
    const lost: string[] = [];
    for (const name of readdirSync(this.#options.folder)) {
      if (readFileSync(this.#fileOf(name), "utf8") === this.#options.bootId) this.start(name);
      else lost.push(name);
    }
    return lost;
  }

  async unmark(name: string): Promise<void> {
    await unlink(this.#fileOf(name)).catch(() => undefined);
  }

  async settle(): Promise<void> {
    while (this.#going.size > 0) await Promise.all(this.#going);
  }

  async #sync(name: string): Promise<void> {
    try {
      await this.#options.sync(name);
      await this.unmark(name);
    } catch (error) {
      // Gone meanwhile, or a disk that fails: the mark stays, and the next start decides.
      if (/ENOENT/.test(messageOf(error))) await this.unmark(name);
    }
  }

  #fileOf(name: string): string {
    return join(this.#options.folder, name);
  }
}
