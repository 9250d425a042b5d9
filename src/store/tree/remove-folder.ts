import { renameSync } from "node:fs";
import { cString, type BytePath } from "#sys/byte-path.ts";
import { removeEmptyFolder, removeFile } from "#sys/node-file.ts";
import { OpenFolder } from "./open-folder.ts";

/** Each level holds a descriptor and a frame of the stack. */
const DEEPEST = 100;

/**
 * Removes a folder with everything below it, whatever a container has made of it: what is nested too deep is moved up to the top
 * first. Synchronous.
 *
 * @param most how many entries to remove; when there are more, the rest stays and the result is false.
 */
export function removeFolder(path: BytePath, most = Infinity): boolean {
  {
    using top = new OpenFolder(path);
    const removal = new Removal(top, most);
    while (removal.movedUp) {
      removal.movedUp = false;
      if (!removal.empty(top, 0)) return false;
    }
  }
  removeEmptyFolder(path);
  return true;
}

class Removal {
  readonly #top: OpenFolder;
  #left: number;
  #moves = 0;
  movedUp = true;

  constructor(top: OpenFolder, most: number) {
    this.#top = top;
    this.#left = most;
  }

  /** False when the limit is reached. */
  empty(folder: OpenFolder, depth: number): boolean {
    for (const { name, isFolder } of folder.entries()) {
      if (this.#left-- <= 0) return false;
      if (!isFolder) removeFile(folder.child(name));
      else if (depth >= DEEPEST) this.#moveUp(folder.child(name));
      else if (!this.#removeChild(folder, name, depth)) return false;
    }
    return true;
  }

  #removeChild(folder: OpenFolder, name: string, depth: number): boolean {
    {
      using child = folder.open(name);
      // What is mounted there is not ours to empty: it may be a folder of the host.
      if (child.device !== this.#top.device)
        throw new Error(`something is mounted on ${JSON.stringify(name)} in a folder that is to be removed`);
      if (!this.empty(child, depth + 1)) return false;
    }
    removeEmptyFolder(folder.child(name));
    return true;
  }

  #moveUp(path: BytePath): void {
    // A name that is taken, by a folder or not, fails the rename at worst: then the next number is as good.
    const target = this.#top.child(`.dhow-removed-${process.pid}-${this.#moves++}`);
    renameSync(cString(path).subarray(0, -1), target);
    this.movedUp = true;
  }
}
