import type { Budget } from "../words/shell-pattern.ts";
import type { PlanOptions } from "./plan.ts";
import type { GlobalArgs } from "./scope.ts";
import type { StageNames } from "./stage-graph.ts";
import type { Warnings } from "./warnings.ts";

/** What every stage of a file shares while it is planned. */
export interface StageContext {
  readonly names: StageNames;
  readonly globalArgs: GlobalArgs;
  readonly escape: "\\" | "`";
  readonly options: PlanOptions;
  readonly warnings: Warnings;
  readonly budget: Budget;
}
