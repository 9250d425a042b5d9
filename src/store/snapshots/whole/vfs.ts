import type { Trees } from "../../tree/trees.ts";
import type { SnapshotterDeps, SnapshotterOptions } from "../driver.ts";
import { makeRoot } from "../layers.ts";
import type { RootMaker } from "./root-maker.ts";
import { WholeRootSnapshotter } from "./whole-roots.ts";

/** Docker's `vfs`: every layer and every container's root is a whole copy. It works on any file system, slowly, and mounts nothing. */
export function createVfsSnapshotter(deps: SnapshotterDeps, options: SnapshotterOptions): WholeRootSnapshotter {
  return new WholeRootSnapshotter("vfs", new CopiedRoots(deps.trees), deps, options);
}

/** Copies share their data where the file system can. What a copy has of its own cannot be told from what was copied. */
class CopiedRoots implements RootMaker {
  readonly #trees: Trees;

  constructor(trees: Trees) {
    this.#trees = trees;
  }

  async make(folder: string): Promise<void> {
    makeRoot(folder);
    await Promise.resolve();
  }

  async copy(from: string, folder: string): Promise<void> {
    makeRoot(folder);
    await this.#trees.copy(from, folder);
  }

  remove(folder: string): Promise<void> {
    return this.#trees.remove(folder);
  }

  measure(root: string): Promise<number> {
    return this.#trees.measure(root);
  }
}
