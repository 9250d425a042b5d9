import { closeSync, constants, fstatSync, lstatSync, openSync, readdirSync, type BigIntStats } from "node:fs";
import { cString, type BytePath } from "#lib/byte-path.ts";

/**
 * A folder held by its descriptor, whose children are named by it. A container can nest folders beyond the longest path that the kernel
 * takes; from here every name is short, and no link can have come in between.
 */
export class OpenFolder implements Disposable {
  readonly #fd: number;

  /** @param path not a link at its end. */
  constructor(path: BytePath) {
    this.#fd = openSync(bytes(path), constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }

  /** Of the file system: another one below means that something is mounted there. */
  get device(): number {
    return fstatSync(this.#fd).dev;
  }

  child(name: string): BytePath {
    return `/proc/self/fd/${this.#fd}/${name}`;
  }

  open(name: string): OpenFolder {
    return new OpenFolder(this.child(name));
  }

  entries(): { readonly name: string; readonly isFolder: boolean }[] {
    // The slash at the end: readdir would not follow a link, and this one must be.
    return readdirSync(`/proc/self/fd/${this.#fd}/`, { encoding: "buffer", withFileTypes: true }).map((entry) => ({
      name: entry.name.toString("latin1"),
      isFolder: entry.isDirectory(),
    }));
  }

  stat(name: string): BigIntStats {
    return lstatSync(bytes(this.child(name)), { bigint: true });
  }
}

function bytes(path: BytePath): Buffer {
  return cString(path).subarray(0, -1);
}
