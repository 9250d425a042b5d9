import { DockerfileFault, located } from "../parser/fault.ts";
import type { DockerfileNode, ParsedDockerfile } from "../parser/node.ts";
import type { ArgInstruction, FromInstruction, StageInstruction } from "./instruction.ts";
import { readInstruction } from "./read.ts";

/** A FROM and what follows it up to the next. */
export interface Stage {
  readonly from: FromInstruction;
  readonly instructions: readonly StageInstruction[];
}

export interface Stages {
  /** ARG lines before the first FROM: their scope is the FROM lines, and stages that ask for them by an ARG of their own. */
  readonly globalArgs: readonly ArgInstruction[];
  readonly stages: readonly Stage[];
}

const MOST_STAGES = 1000;

/** Understands each instruction, and to which stage it belongs. @throws DockerfileFault */
export function readStages(dockerfile: ParsedDockerfile): Stages {
  const globalArgs: ArgInstruction[] = [];
  const stages: { from: FromInstruction; instructions: StageInstruction[] }[] = [];
  for (const node of dockerfile.nodes) {
    const instruction = located(node.range, () => readInstruction({ node, escape: dockerfile.escape }), prefixOf(node));
    const stage = stages.at(-1);
    if (instruction.kind === "from") stages.push({ from: instruction, instructions: [] });
    else if (stage !== undefined) stage.instructions.push(instruction);
    else if (instruction.kind === "arg") globalArgs.push(instruction);
    else
      throw new DockerfileFault(`${prefixOf(node)}no build stage in current context: ${node.keyword} before the first FROM`, [node.range]);
    if (stages.length > MOST_STAGES) throw new DockerfileFault(`more than ${MOST_STAGES} stages`, [node.range]);
  }
  const last = dockerfile.nodes.at(-1);
  if (stages.length === 0 && last !== undefined) throw new DockerfileFault("dockerfile contains no stages to build", [last.range]);
  return { globalArgs, stages };
}

function prefixOf(node: DockerfileNode): string {
  return `dockerfile parse error on line ${node.range.first}: `;
}
