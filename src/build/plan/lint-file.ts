import type { Instruction } from "../instructions/instruction.ts";
import type { Stages } from "../instructions/stages.ts";
import type { ParsedDockerfile } from "../parser/node.ts";
import { lintStages } from "./lint-from.ts";
import type { Warnings } from "./warnings.ts";

/** What can be said of a file as it is written, of stages that nobody needs too. */
export function lintFile(dockerfile: ParsedDockerfile, { stages }: Stages, warnings: Warnings): void {
  for (const range of dockerfile.emptyContinuations) {
    warnings.add("NoEmptyContinuation", { range: { first: range.last, last: range.last }, comments: [] }, "Empty continuation line");
  }
  const all: readonly Instruction[] = stages.flatMap(({ from, instructions }) => [from, ...instructions]);
  for (const instruction of all) {
    if (instruction.kind !== "maintainer") continue;
    warnings.add("MaintainerDeprecated", instruction, "Maintainer instruction is deprecated in favor of using label");
  }
  lintStages(stages, warnings);
  lintCasing(all, warnings);
}

/** The majority's case is right; of equals, upper case. */
function lintCasing(all: readonly Instruction[], warnings: Warnings): void {
  const lower = all.filter(({ keyword }) => keyword === keyword.toLowerCase()).length;
  const upper = all.filter(({ keyword }) => keyword === keyword.toUpperCase()).length;
  const isLower = lower > upper;
  for (const instruction of all) {
    const { keyword } = instruction;
    if (keyword === (isLower ? keyword.toLowerCase() : keyword.toUpperCase())) continue;
    const detail = `Command '${keyword}' should match the case of the command majority (${isLower ? "lowercase" : "uppercase"})`;
    warnings.add("ConsistentInstructionCasing", instruction, detail);
  }
}
