import { closeSync, openSync, rmSync, statSync, writeSync } from "node:fs";

/** Enough for hundreds of changes of state, and for a checkpoint of the log into the database. */
const RESERVE_BYTES = 2 * 1024 * 1024;

const PIECE_BYTES = 128 * 1024;

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

  /** Sets the space aside (again), as much of it as there is: on a full disk some of it is a change of state all the same. */
  fill(): void {
    const there = sizeOf(this.#path);
    if (there >= RESERVE_BYTES) return;
    const descriptor = openSync(this.#path, "a", 0o600);
    try {
      // Real blocks: a sparse file would hold nothing. Piece by piece, for ext4 takes all of a write or nothing.
      const piece = Buffer.alloc(PIECE_BYTES, 1);
      for (let size = there; size < RESERVE_BYTES; size += PIECE_BYTES) writeSync(descriptor, piece);
    } catch {
      // There is none to be had.
    } finally {
      closeSync(descriptor);
    }
  }

  /** Gives the space free. False when there is none. */
  release(): boolean {
    const held = sizeOf(this.#path) > 0;
    rmSync(this.#path, { force: true });
    return held;
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
