import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, renameSync } from "node:fs";
import { basename, join } from "node:path";
import { messageOf } from "#errors/engine-error.ts";
import type { Logger } from "#lib/logger.ts";
import { spreadChildren } from "#sys/files/spread-children.ts";
import { detachMount } from "#sys/mounts/mount.ts";
import { mountPointsBelow } from "#sys/mounts/mount-table.ts";

/**
 * Where everything begins and ends: what is being made, and what is being removed, lies here under a name that nothing refers to. One
 * rename from here makes a thing exist whole, one rename to here makes it not exist at all.
 */
export class Staging {
  readonly #folder: string;
  readonly #remove: (folder: string) => Promise<void>;
  readonly #logger: Logger;

  /** @param deps `remove` removes a folder with all that a driver or a container has made in it; missing is no error. */
  constructor(folder: string, { remove, logger }: { remove: (folder: string) => Promise<void>; logger: Logger }) {
    this.#folder = folder;
    this.#remove = remove;
    this.#logger = logger;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    // A layer or a root stays in the part of the disk where it was begun.
    spreadChildren(folder);
  }

  /** A new empty folder. */
  make(): string {
    const folder = join(this.#folder, randomBytes(8).toString("hex"));
    mkdirSync(folder, { mode: 0o700 });
    return folder;
  }

  /** Takes a thing out of existence, at once; returns where it lies now, for `discard`. */
  take(folder: string): string {
    const taken = join(this.#folder, `${basename(folder).slice(0, 64)}-${randomBytes(8).toString("hex")}`);
    renameSync(folder, taken);
    return taken;
  }

  /** Removes what lies here. It does not exist any more in any case; what cannot be removed now is left to the next `sweep`. */
  async discard(folder: string): Promise<void> {
    try {
      await this.#remove(folder);
    } catch (error) {
      this.#logger.warn({ folder, error: messageOf(error) }, "what was taken away could not be deleted; the next start tries again");
    }
  }

  /** Removes all that a daemon left here when it was killed. Call it before anything is made. */
  async sweep(): Promise<void> {
    for (const point of mountPointsBelow(this.#folder).toReversed()) await detachMount(point)();
    for (const name of readdirSync(this.#folder)) await this.discard(join(this.#folder, name));
  }
}
