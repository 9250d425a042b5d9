import { normalizePlatform, formatPlatform } from "#spec/platform.ts";
import { Refusal } from "../parser/fault.ts";
import { applyInstruction } from "./apply.ts";
import type { TreeOf } from "./apply-run.ts";
import type { PlannedImage, PlannedStage, StepRef } from "./plan.ts";
import type { Resolution, ResolvedStage } from "./resolve-stages.ts";
import type { StageContext } from "./stage-context.ts";
import { emptyFoundation, imageFoundation, numbered, StageDraft, stageFoundation, type Foundation } from "./stage-draft.ts";
import type { StepTable } from "./step-table.ts";

/** Lets the instructions of each needed stage act, stage after stage in the order of the file. @throws DockerfileFault */
export function planStages(resolution: Resolution, steps: StepTable, context: StageContext): readonly PlannedStage[] {
  const drafts = new Map<number, StageDraft>();
  return resolution.stages
    .filter((stage) => resolution.needed.has(stage.index))
    .map((stage) => {
      const world: World = { resolution, steps, context, drafts };
      const titles = numbered(stage, resolution.stages.length);
      const draft = new StageDraft(stage, context, steps, foundationOf(stage, world, titles), titles);
      drafts.set(stage.index, draft);
      runInstructions(draft, world);
      return finished(draft);
    });
}

interface World {
  readonly resolution: Resolution;
  readonly steps: StepTable;
  readonly context: StageContext;
  readonly drafts: ReadonlyMap<number, StageDraft>;
}

function foundationOf(stage: ResolvedStage, { resolution, steps, context, drafts }: World, titles: (text: string) => string): Foundation {
  const { base, platform } = stage;
  const { range } = stage.stage.from;
  if (base.kind === "scratch")
    return emptyFoundation(steps.add({ kind: "scratch" }, range, "[internal] scratch"), context.options.targetPlatform);
  if (base.kind === "stage") {
    const below = drafts.get(base.index);
    if (below === undefined) throw new Error(`stage ${base.index} was not planned before stage ${stage.index}`);
    return stageFoundation(below);
  }
  const image = resolution.images.get(base.reference, platform);
  const operation = { kind: "image", reference: base.reference, id: image.id, platform } as const;
  const root = steps.add(operation, range, titles(`FROM ${base.reference}`));
  return imageFoundation(root, image, platform);
}

function runInstructions(draft: StageDraft, world: World): void {
  const { stage } = draft;
  if (stage.base.kind === "image") warnOfOtherPlatform(draft, stage.base.reference);
  const count = stage.triggers;
  const note = count === 0 ? undefined : `# Executing ${count} build trigger${count === 1 ? "" : "s"}`;
  draft.lines.push({ text: stage.stage.from.original, range: stage.stage.from.range, step: draft.root, note });
  stage.instructions.forEach((instruction, index) => {
    draft.isTrigger = index < count;
    applyInstruction(draft, instruction, treesFor(world, instruction));
    const text = draft.isTrigger ? `ONBUILD ${instruction.original}` : instruction.original;
    draft.lines.push({ text, range: instruction.range, step: draft.root, note: undefined });
  });
}

function warnOfOtherPlatform(draft: StageDraft, reference: string): void {
  const image = draft.base?.config;
  if (image === undefined || image.architecture === "") return;
  const actual = normalizePlatform(image);
  const wanted = draft.platform;
  if (actual.os === wanted.os && actual.architecture === wanted.architecture) return;
  const detail = `Base image ${reference} was pulled with platform "${formatPlatform(actual)}", expected "${formatPlatform(wanted)}" for current build`;
  draft.context.warnings.add("InvalidBaseImagePlatform", draft.stage.stage.from, detail);
}

/** The tree that `from` names; without one, the context. */
function treesFor(
  { resolution, steps, context, drafts }: World,
  { range }: { readonly range: PlannedStage["lines"][number]["range"] },
): TreeOf {
  return (from, laterStage): StepRef => {
    if (from === undefined) return steps.add({ kind: "context" }, range, "[internal] load build context");
    const source = context.names.resolve(from);
    if (source.kind === "scratch") return steps.add({ kind: "scratch" }, range, "[internal] scratch");
    if (source.kind === "image") {
      const { reference } = source;
      const platform = context.options.targetPlatform;
      const { id } = resolution.images.get(reference, platform);
      return steps.add({ kind: "image", reference, id, platform }, range, `FROM ${reference}`);
    }
    const draft = drafts.get(source.index);
    if (draft === undefined || draft.isOpen) throw new Refusal(laterStage(from));
    return draft.root;
  };
}

function finished(draft: StageDraft): PlannedStage {
  draft.isOpen = false;
  const { stage, base, platform, author, config, history, lines, root } = draft;
  const image: PlannedImage = {
    architecture: platform.architecture,
    os: platform.os,
    variant: platform.variant,
    author,
    config,
    base,
    history,
  };
  return { index: stage.index, name: stage.name, platform, lines, result: root, image };
}
