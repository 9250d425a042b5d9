import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { messageOf } from "#errors/engine-error.ts";
import { makeSubvolume, removeSubvolume, snapshotSubvolume } from "#sys/btrfs/subvolume.ts";
import type { Trees } from "../../tree/trees.ts";
import { backingFileSystem } from "../backing-file-system.ts";
import type { SnapshotterDeps, SnapshotterOptions, Support } from "../driver.ts";
import { rootIn, type RootMaker } from "./root-maker.ts";
import { WholeRootSnapshotter } from "./whole-roots.ts";

/** Docker's `btrfs`: every layer and every container's root is a subvolume, a snapshot of the one that it stands on. It mounts nothing. */
export function createBtrfsSnapshotter(deps: SnapshotterDeps, options: SnapshotterOptions): WholeRootSnapshotter {
  return new WholeRootSnapshotter("btrfs", new SubvolumeRoots(deps.trees), deps, options);
}

/** Tries what the driver does, where the folder is on btrfs. */
export function btrfsSupport(folder: string): Support {
  const found = backingFileSystem(folder);
  if (found !== "btrfs") return { supported: false, reason: `${folder} is on ${found}, not on btrfs` };
  const probe = mkdtempSync(join(folder, "btrfs-probe-"));
  const [first, second] = [join(probe, "first"), join(probe, "second")];
  try {
    makeSubvolume(first);
    snapshotSubvolume(first, second);
    for (const subvolume of [first, second]) removeSubvolume(subvolume);
    return { supported: true };
  } catch (error) {
    return { supported: false, reason: messageOf(error) };
  } finally {
    rmSync(probe, { recursive: true, force: true });
  }
}

class SubvolumeRoots implements RootMaker {
  readonly #trees: Trees;

  constructor(trees: Trees) {
    this.#trees = trees;
  }

  make(folder: string): Promise<void> {
    return this.#trees.makeSubvolume(folder);
  }

  copy(from: string, folder: string): Promise<void> {
    return this.#trees.snapshot(from, folder);
  }

  async remove(folder: string): Promise<void> {
    await this.#trees.removeSubvolume(rootIn(folder));
    await this.#trees.remove(folder);
  }

  measure(root: string): Promise<number> {
    return this.#trees.measureSubvolume(root);
  }
}
