import { EngineError, isEngineError, type ErrorCategory } from "#errors/engine-error.ts";
import { readStages, type Stages } from "../instructions/stages.ts";
import { excerpt } from "../parser/excerpt.ts";
import { DockerfileFault, Refusal } from "../parser/fault.ts";
import type { ParsedDockerfile } from "../parser/node.ts";
import { parseDockerfile } from "../parser/parse.ts";
import { newBudget } from "../words/shell-pattern.ts";
import { lintFile } from "./lint-file.ts";
import { lintDefaults } from "./lint-from.ts";
import type { BuildPlan, PlannedStage, PlanOptions, PlanPorts } from "./plan.ts";
import { planStages } from "./plan-stages.ts";
import { resolveStages } from "./resolve-stages.ts";
import { globalScope } from "./scope.ts";
import type { StageContext } from "./stage-context.ts";
import { StageNames } from "./stage-graph.ts";
import { StepTable } from "./step-table.ts";
import { Warnings } from "./warnings.ts";

/**
 * Makes the plan of a build out of a Dockerfile's bytes: nothing is executed, and nothing is asked of the world but the configuration of
 * the images that the target needs.
 *
 * @throws EngineError `invalid`, or the category with which an image could not be had; the message shows the lines it is about. With the
 * code `lint` where `# check=error=true` makes of a warning an error.
 */
export async function makePlan(options: PlanOptions, ports: PlanPorts): Promise<BuildPlan> {
  try {
    return await planOf(options, ports);
  } catch (error) {
    if (error instanceof DockerfileFault) throw shown(error, options);
    if (error instanceof Refusal) throw new EngineError("invalid", error.message, { cause: error });
    throw error;
  }
}

async function planOf(options: PlanOptions, ports: PlanPorts): Promise<BuildPlan> {
  const dockerfile = parseDockerfile(options.source);
  const file = readStages(dockerfile);
  const warnings = new Warnings(dockerfile.check);
  lintFile(dockerfile, file, warnings);
  const context = contextOf(dockerfile, file, options, warnings);
  const target = context.names.target(options.target);
  const resolution = await resolveStages(file.stages, target, context, ports);
  const steps = new StepTable();
  const stages = planStages(resolution, steps, context);
  const found = stages.find((stage) => stage.index === target);
  if (found === undefined) throw new EngineError("system", `the plan lacks its target, stage ${target}`);
  refuseFatal(warnings);
  const labelled = withLabels(found, options.labels);
  return {
    steps: steps.steps,
    stages: stages.map((stage) => (stage === found ? labelled : stage)),
    target: labelled,
    warnings: warnings.all,
  };
}

function contextOf(dockerfile: ParsedDockerfile, file: Stages, options: PlanOptions, warnings: Warnings): StageContext {
  const { escape } = dockerfile;
  const names = new StageNames(file.stages);
  lintDefaults(file.stages, file.globalArgs, options, escape, warnings);
  const targetName = options.target || (file.stages.at(-1)?.from.name ?? "");
  const globalArgs = globalScope(file.globalArgs, options, targetName, escape);
  return { names, globalArgs, escape, options, warnings, budget: newBudget() };
}

function withLabels(stage: PlannedStage, labels: Readonly<Record<string, string>>): PlannedStage {
  if (Object.keys(labels).length === 0) return stage;
  const config = { ...stage.image.config, Labels: { ...stage.image.config.Labels, ...labels } };
  return { ...stage, image: { ...stage.image, config } };
}

function refuseFatal(warnings: Warnings): void {
  const { fatal } = warnings;
  if (fatal.length === 0) return;
  const details = warnings.all.map(({ rule, detail, range }) => `${rule}: ${detail}${range === undefined ? "" : ` (line ${range.first})`}`);
  throw new EngineError("invalid", [`lint violation found for rules: ${fatal.join(", ")}`, ...details].join("\n"), { code: "lint" });
}

/** Nobody looks for a line in a file of that size, and to divide it into lines takes seconds. */
const LARGEST_SHOWN = 4 * 1024 * 1024;

function shown(fault: DockerfileFault, { fileName, source }: PlanOptions): EngineError {
  const category: ErrorCategory = isEngineError(fault.cause) ? fault.cause.category : "invalid";
  const message = category !== "invalid" || fault.message.startsWith("dockerfile ") ? fault.message : `${prefixOf(fault)}${fault.message}`;
  const text = source.byteLength > LARGEST_SHOWN ? "" : excerpt(fileName, new TextDecoder().decode(source), fault.ranges);
  return new EngineError(category, text === "" ? message : `${message}\n${text}`, { cause: fault });
}

function prefixOf({ ranges }: DockerfileFault): string {
  return ranges[0] === undefined ? "" : `dockerfile parse error on line ${ranges[0].first}: `;
}
