/** For tests: a btrfs of its own on a loop device, where the kernel has btrfs and the host can make one. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

function reasonAgainst(): string | undefined {
  if (!/^\tbtrfs$/m.test(readFileSync("/proc/filesystems", "utf8"))) return "the kernel has no btrfs";
  try {
    execFileSync("mkfs.btrfs", ["--version"], { stdio: "ignore" });
    return undefined;
  } catch {
    return "there is no mkfs.btrfs (Debian's btrfs-progs)";
  }
}

/** Why tests on btrfs are skipped; undefined where they are not. */
export const whyNoBtrfs = reasonAgainst();

export class BtrfsDisk {
  readonly #folder = mkdtempSync(join(tmpdir(), "btrfs-disk-"));
  readonly root = join(this.#folder, "mounted");

  constructor(megabytes: number, options = "loop") {
    const image = join(this.#folder, "image");
    mkdirSync(this.root);
    execFileSync("truncate", ["-s", `${megabytes}M`, image]);
    execFileSync("mkfs.btrfs", ["-q", "-m", "single", image]);
    execFileSync("mount", ["-o", options, image, this.root]);
  }

  remove(): void {
    // What a thread had open may take a moment to go.
    execFileSync("sh", ["-c", 'for try in $(seq 100); do umount "$0" && exit 0; sleep 0.1; done; exit 1', this.root]);
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
