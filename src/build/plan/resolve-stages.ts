import { EngineError, isEngineError, messageOf } from "#errors/engine-error.ts";
import { formatPlatform, parsePlatform, type Platform } from "#spec/platform.ts";
import { readInstruction } from "../instructions/read.ts";
import type { StageInstruction } from "../instructions/instruction.ts";
import type { Stage } from "../instructions/stages.ts";
import { didYouMean } from "../instructions/suggest.ts";
import { DockerfileFault, located, Refusal } from "../parser/fault.ts";
import type { SourceRange } from "../parser/node.ts";
import { parseDockerfile } from "../parser/parse.ts";
import { expandWord } from "../words/expand.ts";
import { warnOfPlatform, warnOfUndeclared } from "./lint-from.ts";
import type { BaseImage, PlanPorts } from "./plan.ts";
import { variablesOf } from "./scope.ts";
import type { StageContext } from "./stage-context.ts";
import { checkCycles, reachable, sourcesOf, atPlace, type GraphStage, type Source, type StageNames } from "./stage-graph.ts";

/** More than any real base has. */
const MOST_TRIGGERS = 1000;

/** A stage whose FROM is expanded. */
export interface ResolvedStage extends GraphStage {
  /** Of its FROM line, or the build's target. */
  readonly platform: Platform;
  readonly hasOwnPlatform: boolean;
}

export interface Resolution {
  readonly stages: readonly ResolvedStage[];
  readonly needed: ReadonlySet<number>;
  readonly images: BaseImages;
}

/** Finds out which stages the target needs, and the images below them; a base's ONBUILD triggers may need more. */
export async function resolveStages(
  stages: readonly Stage[],
  target: number,
  context: StageContext,
  ports: PlanPorts,
): Promise<Resolution> {
  let resolved = fromLines(stages, context);
  checkCycles(resolved, context.names);
  const images = new BaseImages(ports, context.names);
  const withTriggers = new Set<number>();
  for (;;) {
    const needed = reachable(resolved, target, context.names);
    await images.fetchAll(imagesOf(resolved, needed, context));
    const due = [...needed].filter((index) => !withTriggers.has(index));
    if (due.length === 0) return { stages: resolved, needed, images };
    due.forEach((index) => withTriggers.add(index));
    resolved = resolved.map((stage) => (due.includes(stage.index) ? withTriggersOf(stage, resolved, images) : stage));
    checkCycles(resolved, context.names);
  }
}

/** Expands the FROM lines. A name is a stage's where one above has it. */
function fromLines(stages: readonly Stage[], context: StageContext): readonly ResolvedStage[] {
  const above = new Map<string, number>();
  return stages.map((stage, index) => {
    const { from, instructions } = stage;
    const { image, platform } = located(
      from.range,
      () => expandedFrom(stage, context),
      `dockerfile error on line ${from.range.first}: FROM: `,
    );
    const known = above.get(image.toLowerCase());
    const name = from.name?.toLowerCase();
    if (name !== undefined) above.set(name, index);
    const base: Source =
      known !== undefined
        ? { kind: "stage", index: known }
        : image === "scratch"
          ? { kind: "scratch" }
          : { kind: "image", reference: image };
    const { targetPlatform } = context.options;
    return {
      index,
      stage,
      name,
      base,
      instructions,
      triggers: 0,
      platform: platform ?? targetPlatform,
      hasOwnPlatform: platform !== undefined,
    };
  });
}

function expandedFrom({ from }: Stage, context: StageContext): { image: string; platform: Platform | undefined } {
  const { globalArgs, escape, budget, warnings } = context;
  const image = expandWord(from.image, variablesOf(globalArgs), { escape, budget });
  warnOfUndeclared(image.unmatched, from, context);
  if (image.text === "") throw new Refusal(`base name (${from.image}) should not be blank`);
  if (from.platform === undefined) return { image: image.text, platform: undefined };
  const platform = expandWord(from.platform, variablesOf(globalArgs), { escape, budget });
  warnOfUndeclared(platform.unmatched, from, context);
  warnOfPlatform(from, platform, globalArgs, warnings);
  const [missing = ""] = platform.unmatched;
  const hint = didYouMean(missing, globalArgs.keys());
  if (platform.text === "") throw new Refusal(`empty platform value from expression ${from.platform}${hint}`);
  try {
    return { image: image.text, platform: parsePlatform(platform.text, context.options.buildPlatform) };
  } catch (error) {
    throw new Refusal(`failed to parse platform ${from.platform}: ${messageOf(error)}${hint}`);
  }
}

interface WantedImage {
  readonly reference: string;
  readonly platform: Platform;
  readonly range: SourceRange;
}

function imagesOf(stages: readonly ResolvedStage[], needed: ReadonlySet<number>, context: StageContext): readonly WantedImage[] {
  return [...needed].flatMap((index) => {
    const stage = stages[index];
    if (stage === undefined) return [];
    const { base, platform } = stage;
    const own: WantedImage[] = base.kind === "image" ? [{ reference: base.reference, platform, range: stage.stage.from.range }] : [];
    return [...own, ...stage.instructions.flatMap((instruction) => imagesRead(instruction, context))];
  });
}

/** An image that files are copied from is the target's, whatever the stage's platform. */
function imagesRead(instruction: StageInstruction, { names, options }: StageContext): readonly WantedImage[] {
  return atPlace(instruction, () => sourcesOf(instruction, names)).flatMap((source): WantedImage[] =>
    source.kind === "image" ? [{ reference: source.reference, platform: options.targetPlatform, range: instruction.range }] : [],
  );
}

/** The images that a build reads, each asked for once, all at the same time. */
class BaseImages {
  readonly #ports: PlanPorts;
  readonly #names: StageNames;
  readonly #found = new Map<string, BaseImage>();

  constructor(ports: PlanPorts, names: StageNames) {
    this.#ports = ports;
    this.#names = names;
  }

  async fetchAll(wanted: readonly WantedImage[]): Promise<void> {
    const missing = new Map(wanted.map((image) => [keyOf(image.reference, image.platform), image]));
    for (const key of this.#found.keys()) missing.delete(key);
    const results = await Promise.allSettled([...missing].map(async ([key, image]) => this.#found.set(key, await this.#fetch(image))));
    const failed = results.find((result) => result.status === "rejected");
    if (failed !== undefined) throw failed.reason;
  }

  get(reference: string, platform: Platform): BaseImage {
    const found = this.#found.get(keyOf(reference, platform));
    if (found === undefined) throw new EngineError("system", `${reference} was not resolved before it was planned with`);
    return found;
  }

  async #fetch({ reference, platform, range }: WantedImage): Promise<BaseImage> {
    try {
      return await this.#ports.resolveBase(reference, platform);
    } catch (error) {
      if (isEngineError(error, "cancelled")) throw error;
      const hint = isEngineError(error) ? this.#names.suggestion(reference) : "";
      throw new DockerfileFault(`${reference}: ${messageOf(error)}${hint}`, [range], { cause: error });
    }
  }
}

function keyOf(reference: string, platform: Platform): string {
  return `${formatPlatform(platform)} ${reference}`;
}

/** The triggers of the stage's base, in front of its own instructions. */
function withTriggersOf(stage: ResolvedStage, stages: readonly ResolvedStage[], images: BaseImages): ResolvedStage {
  const texts = triggersOf(stage, stages, images);
  const { range } = stage.stage.from;
  if (texts.length > MOST_TRIGGERS) throw new DockerfileFault(`the base image has more than ${MOST_TRIGGERS} ONBUILD triggers`, [range]);
  const instructions = texts.map((text) => readTrigger(text, range));
  return { ...stage, instructions: [...instructions, ...stage.instructions], triggers: instructions.length };
}

function triggersOf(stage: ResolvedStage, stages: readonly ResolvedStage[], images: BaseImages): readonly string[] {
  if (stage.base.kind === "image") return images.get(stage.base.reference, stage.platform).config.config?.OnBuild ?? [];
  if (stage.base.kind === "scratch") return [];
  const base = stages[stage.base.index];
  return (base?.instructions ?? []).flatMap((instruction) => (instruction.kind === "onbuild" ? instruction.trigger : []));
}

/** A trigger is parsed by itself, with the usual escape character; it stands where the FROM stands. */
function readTrigger(text: string, range: SourceRange): StageInstruction {
  const prefix = `ONBUILD trigger ${JSON.stringify(text.slice(0, 200))} of the base: `;
  try {
    const { nodes, escape } = parseDockerfile(Buffer.from(text));
    const [node] = nodes;
    if (node === undefined || nodes.length > 1) throw new Refusal("onbuild trigger should be a single expression");
    const instruction = readInstruction({ node: { ...node, range }, escape });
    if (["from", "onbuild", "maintainer"].includes(instruction.kind)) {
      throw new Refusal(`${instruction.keyword} isn't allowed as an ONBUILD trigger`);
    }
    return instruction as StageInstruction;
  } catch (error) {
    throw new DockerfileFault(`${prefix}${messageOf(error)}`, [range], { cause: error });
  }
}
