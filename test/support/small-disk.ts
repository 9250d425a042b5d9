import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "./eventually.ts";

/** A small ext4 of its own, on a loop device, that can be filled to the last block. */
export class SmallDisk {
  readonly #folder = mkdtempSync(join(tmpdir(), "disk-"));
  readonly root = join(this.#folder, "mounted");
  readonly #filler = join(this.root, "filler");

  constructor(megabytes: number) {
    const image = join(this.#folder, "image");
    const commands = `truncate -s ${megabytes}M ${image} && mkfs.ext4 -q -m 0 ${image} && mkdir ${this.root} && mount -o loop ${image} ${this.root}`;
    execFileSync("sh", ["-c", commands]);
  }

  /** Of 4 KiB, as a rule. */
  get freeBlocks(): number {
    return statfsSync(this.root).bavail;
  }

  fill(): void {
    for (let size = 8 << 20; size >= 512; size >>= 1) while (this.#write(size));
  }

  free(): void {
    rmSync(this.#filler, { force: true });
  }

  async remove(): Promise<void> {
    await eventually(() => execFileSync("umount", [this.root]));
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #write(size: number): boolean {
    try {
      writeFileSync(this.#filler, Buffer.alloc(size), { flag: "a" });
      return true;
    } catch {
      return false;
    }
  }
}
