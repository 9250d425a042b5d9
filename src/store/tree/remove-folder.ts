import { randomBytes } from "node:crypto";
import { renameSync } from "node:fs";
import { cString, type BytePath } from "#lib/byte-path.ts";
import { removeEmptyFolder, removeFile } from "#sys/files/node-file.ts";
import { OpenFolder } from "./open-folder.ts";

/** Each level holds a descriptor and a frame of the stack. */
const DEEPEST = 100;

/**
 * Removes a folder with everything below it, whatever a container has made of it: what is nested too deep is moved up to the top
 * first. Synchronous.
 */
export function removeFolder(path: BytePath): void {
  for (const _step of removalOf(path));
}

/** The same, pausing at every entry: the caller may stop there, and what is left stays. */
export function* removalOf(path: BytePath): Generator<void, void> {
  {
    using top = new OpenFolder(path);
    const removal = new Removal(top);
    while (removal.movedUp) {
      removal.movedUp = false;
      yield* removal.empty(top, 0);
    }
  }
  removeEmptyFolder(path);
}

class Removal {
  readonly #top: OpenFolder;
  movedUp = true;

  constructor(top: OpenFolder) {
    this.#top = top;
  }

  *empty(folder: OpenFolder, depth: number): Generator<void, void> {
    for (const { name, isFolder } of folder.entries()) {
      yield;
      if (!isFolder) removeFile(folder.child(name));
      else if (depth >= DEEPEST) this.#moveUp(folder.child(name));
      else yield* this.#removeChild(folder, name, depth);
    }
  }

  *#removeChild(folder: OpenFolder, name: string, depth: number): Generator<void, void> {
    {
      using child = folder.open(name);
      // What is mounted there is not ours to empty: it may be a folder of the host.
      if (child.device !== this.#top.device)
        throw new Error(`something is mounted on ${JSON.stringify(name)} in a folder that is to be removed`);
      yield* this.empty(child, depth + 1);
    }
    removeEmptyFolder(folder.child(name));
  }

  #moveUp(path: BytePath): void {
    // Random: a container must not be able to have taken the name.
    const target = this.#top.child(`.dhow-removed-${randomBytes(8).toString("hex")}`);
    renameSync(cString(path).subarray(0, -1), target);
    this.movedUp = true;
  }
}
