import type { Snapshotter } from "#store/snapshots/contract.ts";
import { topOf, type LayerTree } from "../execute/step-result.ts";

export interface RootDeps {
  readonly snapshots: Pick<Snapshotter, "withLayer">;
  /** Nothing is in it. */
  readonly emptyFolder: string;
}

/** Lends the files of a tree, to read. */
export async function withRoot<T>({ snapshots, emptyFolder }: RootDeps, tree: LayerTree, use: (root: string) => Promise<T>): Promise<T> {
  const top = topOf(tree);
  return await (top === undefined ? use(emptyFolder) : snapshots.withLayer(top, use));
}
