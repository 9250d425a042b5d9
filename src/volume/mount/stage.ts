import { closeSync, constants, existsSync, fstatSync, mkdirSync, openSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { detachMount } from "#sys/mounts/mount.ts";
import { mountPointsBelow } from "#sys/mounts/mount-table.ts";
import type { MountTree } from "#sys/mounts/mount-tree.ts";

const O_PATH = 0x20_0000;
/** What becomes a folder's name. */
const HOLDER = /^[a-z0-9][a-z0-9-]{0,127}$/;

/**
 * Where mounts stand that exist for one holder alone (a folder of a volume, an image's content, a bind with other owners), until the
 * runtime has taken them: it knows sources by their paths, and a path of these leads nowhere else.
 */
export class Stage {
  readonly #root: string;

  /** @param root a folder of the exec root; made when it is needed. */
  constructor(root: string) {
    this.#root = root;
  }

  pathOf(holder: string, index: number): string {
    return join(this.#folderOf(holder), String(index));
  }

  has(holder: string, index: number): boolean {
    return existsSync(this.pathOf(holder, index));
  }

  /** Attaches a tree at the holder's place of that number, and returns its path. What stood there before goes. */
  async put(holder: string, index: number, tree: MountTree): Promise<string> {
    const path = this.pathOf(holder, index);
    await this.#clear(path);
    mkdirSync(this.#folderOf(holder), { recursive: true, mode: 0o711 });
    if (fstatSync(tree.fd).isDirectory()) mkdirSync(path);
    else closeSync(openSync(path, "wx", 0o600));
    const place = openSync(path, O_PATH | constants.O_NOFOLLOW);
    try {
      tree.attach(place);
    } finally {
      closeSync(place);
    }
    return path;
  }

  /** Takes away all that a holder has here. */
  async release(holder: string): Promise<void> {
    const folder = this.#folderOf(holder);
    if (existsSync(folder)) await this.#clear(folder);
  }

  holders(): string[] {
    return existsSync(this.#root) ? readdirSync(this.#root) : [];
  }

  /** What is mounted is never gone into. */
  async #clear(path: string): Promise<void> {
    if (!existsSync(path)) return;
    for (const point of mountPointsBelow(path).toReversed()) await detachMount(point)();
    rmSync(path, { recursive: true });
  }

  #folderOf(holder: string): string {
    if (!HOLDER.test(holder)) throw new Error(`${JSON.stringify(holder.slice(0, 80))} is no holder of volumes`);
    return join(this.#root, holder);
  }
}
