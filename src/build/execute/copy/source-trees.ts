import type { SourceTree } from "../../worker/job.ts";
import type { Execution } from "../execution-context.ts";
import { topOf, type StepResult } from "../step-result.ts";

/** Lends a step's tree as a folder of the host, to read. */
async function withTree<T>(execution: Execution, result: StepResult, use: (tree: SourceTree) => Promise<T>): Promise<T> {
  if (result.kind === "folder") return await use({ folder: result.folder, asRoot: true });
  const top = topOf(result);
  if (top === undefined) return await use({ folder: execution.emptyFolder, asRoot: false });
  return await execution.snapshots.withLayer(top, async (folder) => await use({ folder, asRoot: false }));
}

/** As `withTree`, of several. */
export async function withTrees<T>(
  execution: Execution,
  results: readonly StepResult[],
  use: (trees: readonly SourceTree[]) => Promise<T>,
): Promise<T> {
  const [first, ...rest] = results;
  if (first === undefined) return await use([]);
  return await withTree(execution, first, async (tree) => await withTrees(execution, rest, async (others) => await use([tree, ...others])));
}
