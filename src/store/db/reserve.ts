import { closeSync, existsSync, openSync, rmSync, writeSync } from "node:fs";

/** Enough for hundreds of changes of state, and for a checkpoint of the log into the database. */
const RESERVE_BYTES = 2 * 1024 * 1024;

/**
 * Disk space set aside, so that on a full disk what makes room can still be written down: a container that stopped, an image that is
 * being removed. Without it a full disk could only be mended behind the engine's back.
 */
export class Reserve {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
    this.fill();
  }

  /** Sets the space aside (again). On a full disk there is none to be had, which is no error. */
  fill(): void {
    if (existsSync(this.#path)) return;
    const descriptor = openSync(this.#path, "wx", 0o600);
    try {
      // Real blocks: a sparse file would hold nothing.
      writeSync(descriptor, Buffer.alloc(RESERVE_BYTES, 1));
      closeSync(descriptor);
    } catch {
      closeSync(descriptor);
      rmSync(this.#path, { force: true });
    }
  }

  /** Gives the space free. False when it was used up before. */
  release(): boolean {
    if (!existsSync(this.#path)) return false;
    rmSync(this.#path);
    return true;
  }
}
