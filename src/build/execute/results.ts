import type { KeyParts } from "../cache/keys.ts";
import type { StepRef } from "../plan/plan.ts";
import type { Execution } from "./execution-context.ts";
import { identityOf, type LayerTree, type StepResult } from "./step-result.ts";

/** @throws Error for a folder: the plan says that a root is a tree of layers. */
export function layersOf(result: StepResult): LayerTree {
  if (result.kind !== "layers") throw new Error("a step stands on a folder");
  return result;
}

/** What keys are made with, once the trees are known. */
export function step({ epoch }: Execution, trees: ReadonlyMap<StepRef, StepResult>): KeyParts {
  return {
    epoch,
    identity: (ref) => {
      const tree = trees.get(ref);
      return (tree === undefined ? undefined : identityOf(tree)) ?? "";
    },
  };
}
