import { messageOf } from "#errors/engine-error.ts";
import type { Step, StepRef } from "../plan/plan.ts";
import { runCopy } from "./copy/step.ts";
import type { Execution, StepOutcome } from "./execution-context.ts";
import { openImage } from "./image-step.ts";
import { fetchFile, fetchRepository } from "./remote-steps.ts";
import { runCommand } from "./run/step.ts";
import { identityOf, topOf, type LayerTree, type StepResult } from "./step-result.ts";
import { layersOf } from "./results.ts";
import { runWorkdir } from "./workdir-step.ts";

/**
 * Runs what the target needs of a plan: every step once, when all that it reads is there, and whatever does not wait for each other side by side.
 * The first failure ends all others.
 *
 * @returns the trees of all steps.
 * @throws the first failure, when nothing goes on any more.
 */
export async function executePlan(
  base: Omit<Execution, "result" | "signal">,
  signal: AbortSignal,
): Promise<ReadonlyMap<StepRef, StepResult>> {
  const failed = new AbortController();
  const started = new Map<StepRef, Promise<StepResult>>();
  const execution: Execution = {
    ...base,
    signal: AbortSignal.any([signal, failed.signal]),
    result: async (ref) => {
      const known = started.get(ref) ?? execute(execution, ref);
      started.set(ref, known);
      return await known;
    },
  };
  const first: { error?: unknown; step?: StepRef } = {};
  const all = base.plan.steps.map(async (_, ref) => {
    try {
      return [ref, await execution.result(ref)] as const;
    } catch (error) {
      if (!failed.signal.aborted) Object.assign(first, { error, step: ref });
      failed.abort(error);
      return undefined;
    }
  });
  const results = await Promise.all(all);
  signal.throwIfAborted();
  if (first.step !== undefined) {
    const step = base.plan.steps[first.step];
    if (step !== undefined) base.report.failed(first.step, step.range);
    base.logger.debug({ step: step?.title, error: messageOf(first.error) }, "a step of a build failed");
    throw first.error;
  }
  return new Map(results.filter((entry) => entry !== undefined));
}

async function execute(execution: Execution, ref: StepRef): Promise<StepResult> {
  const step = execution.plan.steps[ref];
  if (step === undefined) throw new Error(`a plan without step ${ref}`);
  const { result, cached, why } = await perform(execution, ref, step);
  execution.report.done(ref, { id: idOf(step.operation, result), cached, why });
  return result;
}

async function perform(execution: Execution, ref: StepRef, { operation, title }: Step): Promise<StepOutcome> {
  switch (operation.kind) {
    case "scratch":
      return { result: { kind: "layers", layers: [] }, cached: false };
    case "image":
      return { result: await openImage(execution, operation), cached: false };
    case "context":
      return { result: { kind: "folder", folder: execution.context, digest: undefined }, cached: false };
    case "http":
      return await fetchFile(execution, operation);
    case "git":
      return await fetchRepository(execution, operation);
    case "workdir":
      return await runWorkdir(execution, ref, operation, title);
    case "copy":
      return await runCopy(execution, ref, operation, title);
    case "run":
      return await runCommand(execution, ref, operation, title);
  }
}

/** What a line shows, twelve digits of it: of a FROM the image, of what follows the layers up to there. */
function idOf(operation: Step["operation"], result: StepResult): string {
  if (operation.kind === "image") return operation.id;
  return (result.kind === "layers" ? topOf(result) : identityOf(result)) ?? "0".repeat(64);
}

/** The layers of a stage. */
export function treeOf(results: ReadonlyMap<StepRef, StepResult>, ref: StepRef): LayerTree {
  const result = results.get(ref);
  if (result === undefined) throw new Error(`step ${ref} was not executed`);
  return layersOf(result);
}
