import type { RunInstruction, StageInstruction } from "../instructions/instruction.ts";
import type { Stage } from "../instructions/stages.ts";
import { didYouMean } from "../instructions/suggest.ts";
import { DockerfileFault, located, Refusal } from "../parser/fault.ts";
import type { SourceRange } from "../parser/node.ts";

/** What FROM, COPY --from and RUN --mount=from name: a stage by its number among the file's, an image, or an empty tree. */
export type Source =
  | { readonly kind: "stage"; readonly index: number }
  | { readonly kind: "image"; readonly reference: string }
  | { readonly kind: "scratch" };

/** A stage with its names resolved; its ONBUILD triggers are put in front when its base is known. */
export interface GraphStage {
  readonly index: number;
  readonly stage: Stage;
  /** In lower case. */
  readonly name: string | undefined;
  readonly base: Source;
  readonly instructions: readonly StageInstruction[];
  /** How many of `instructions` are the base's triggers: they come first. */
  readonly triggers: number;
}

/** Names of stages, and what they resolve to. The last stage of a name is meant, but for FROM: there only those above it count. */
export class StageNames {
  readonly #byName = new Map<string, number>();
  readonly #count: number;

  constructor(stages: readonly Stage[]) {
    this.#count = stages.length;
    stages.forEach(({ from }, index) => {
      if (from.name !== undefined) this.#byName.set(from.name.toLowerCase(), index);
    });
  }

  /** @throws Refusal where a number is no stage's. */
  resolve(from: string): Source {
    if (/^[+-]?\d{1,9}$/.test(from)) return { kind: "stage", index: this.#byNumber(Number(from)) };
    const index = this.#byName.get(from.toLowerCase());
    if (index !== undefined) return { kind: "stage", index };
    return from === "scratch" ? { kind: "scratch" } : { kind: "image", reference: from };
  }

  /** `--target`. @throws Refusal */
  target(name: string | undefined): number {
    if (name === undefined || name === "") return this.#count - 1;
    const index = this.#byName.get(name.toLowerCase()) ?? (/^\d{1,9}$/.test(name) ? Number(name) : undefined);
    if (index !== undefined && index < this.#count) return index;
    throw new Refusal(`target stage ${JSON.stringify(name)} could not be found${didYouMean(name, this.#byName.keys())}`);
  }

  suggestion(reference: string): string {
    return didYouMean(reference, this.#byName.keys());
  }

  #byNumber(index: number): number {
    if (index >= 0 && index < this.#count) return index;
    throw new Refusal(`invalid stage index ${index}`);
  }
}

/** What an instruction reads besides its own stage's tree. @throws Refusal */
export function sourcesOf(instruction: StageInstruction, names: StageNames): readonly Source[] {
  if (instruction.kind === "copy" && instruction.from !== undefined) {
    if (/[$\\'"]/.test(instruction.from)) {
      throw new Refusal(
        "variable expansion is not supported for --from, define a new stage with FROM using ARG from global scope as a workaround",
      );
    }
    return [names.resolve(instruction.from)];
  }
  return instruction.kind === "run" ? mountSources(instruction, names) : [];
}

function mountSources(run: RunInstruction, names: StageNames): readonly Source[] {
  return run.mounts.flatMap((mount) => {
    const from = mount.findLast((word) => word.key === "from")?.value ?? "";
    return from === "" ? [] : names.resolve(from);
  });
}

interface Edge {
  readonly to: number;
  readonly range: SourceRange;
}

/** The stages that one stands on or reads from. @throws DockerfileFault */
function edgesOf(stage: GraphStage, names: StageNames): readonly Edge[] {
  const base: Edge[] = stage.base.kind === "stage" ? [{ to: stage.base.index, range: stage.stage.from.range }] : [];
  const read = stage.instructions.flatMap((instruction) =>
    atPlace(instruction, () => sourcesOf(instruction, names)).flatMap((source): Edge[] =>
      source.kind === "stage" ? [{ to: source.index, range: instruction.range }] : [],
    ),
  );
  return [...base, ...read];
}

/** Adds where the instruction stands to what it is refused for. @throws DockerfileFault */
export function atPlace<T>(instruction: StageInstruction, action: () => T): T {
  const { keyword, range } = instruction;
  return located(range, action, `dockerfile error on line ${range.first}: ${keyword.toUpperCase()}: `);
}

/**
 * Refuses stages that wait for each other. Followed without recursion: a file may have a thousand stages in a row.
 *
 * @throws DockerfileFault
 */
export function checkCycles(stages: readonly GraphStage[], names: StageNames): void {
  const edges = stages.map((stage) => edgesOf(stage, names));
  const done = new Set<number>();
  for (const { index } of stages) {
    const path: { at: number; next: number }[] = [{ at: index, next: 0 }];
    const onPath = new Set([index]);
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const edge = done.has(top.at) ? undefined : edges[top.at]?.[top.next++];
      if (edge === undefined) {
        done.add(top.at);
        onPath.delete(top.at);
        path.pop();
      } else if (onPath.has(edge.to)) {
        throw cycle(stages[edge.to], edge.range);
      } else {
        onPath.add(edge.to);
        path.push({ at: edge.to, next: 0 });
      }
    }
  }
}

function cycle(stage: GraphStage | undefined, range: SourceRange): DockerfileFault {
  const name = stage?.name ?? `stage-${stage?.index ?? 0}`;
  return new DockerfileFault(`dockerfile error on line ${range.first}: circular dependency detected on stage: ${name}`, [range]);
}

/** The stages that the target needs, itself included. */
export function reachable(stages: readonly GraphStage[], target: number, names: StageNames): ReadonlySet<number> {
  const found = new Set([target]);
  for (const index of found) {
    const stage = stages[index];
    // A set grows while it is walked, and the walk sees it.
    if (stage !== undefined) edgesOf(stage, names).forEach((edge) => found.add(edge.to));
  }
  return found;
}
