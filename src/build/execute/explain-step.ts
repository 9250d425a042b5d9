import { messageOf } from "#errors/engine-error.ts";
import { explainMiss } from "../explain/explain-miss.ts";
import type { StepInputs } from "../explain/inputs.ts";
import { baseName, stepPlace } from "../explain/step-place.ts";
import type { StepRef } from "../plan/plan.ts";
import type { Execution } from "./execution-context.ts";

export interface Explained {
  readonly ref: StepRef;
  /** What it stands on. */
  readonly base: StepRef;
  readonly inputs: () => Promise<StepInputs>;
}

export interface Explanation {
  readonly why: string | undefined;
  /** Once it was made: the next one is compared with it. */
  keep(): Promise<void>;
}

/** Finds out why a step is about to be made, where the client wants to know. */
export async function explain(execution: Execution, explained: Explained | undefined): Promise<Explanation> {
  const place = explained === undefined ? undefined : stepPlace(execution.plan, explained.ref);
  if (explained === undefined || place === undefined) return { why: undefined, keep: async () => await Promise.resolve() };
  const { input, inputs: store, plan, logger } = execution;
  const inputs = await explained.inputs();
  const why = async (): Promise<string> =>
    input.noCache ? "the build is not to use the cache" : await explainMiss(store, place, inputs, baseName(plan, explained.base));
  return {
    why: input.explain ? await why() : undefined,
    keep: async () => {
      try {
        await store.keep(place, inputs);
      } catch (error) {
        // No build fails for what somebody might want to know of the next.
        logger.debug({ error: messageOf(error) }, "what a step was made from could not be kept");
      }
    },
  };
}
