import { differencesOf, differencesText } from "./difference.ts";
import type { InputStore, KeptInputs, StepPlace } from "./input-store.ts";
import type { StepInputs } from "./inputs.ts";

/**
 * Why a step was not found in the cache, in a sentence without its end.
 *
 * @param base what the step stands on, as people call it.
 */
export async function explainMiss(
  store: Pick<InputStore, "of" | "at">,
  place: StepPlace,
  inputs: StepInputs,
  base: string,
): Promise<string> {
  const closest = closestOf(await store.of(place), inputs);
  if (closest !== undefined) {
    const differences = differencesOf(closest.inputs, inputs);
    return differences.length === 0 ? "what it made before is not in the cache any more" : differencesText(differences, base);
  }
  // What stood there before matters only on the same tree: other projects have a third line, too.
  const before = (await store.at(place)).find((kept) => kept.inputs.get("base") === inputs.get("base"));
  return before === undefined
    ? "no build that is known of had this instruction"
    : `the instruction was changed: it was ${JSON.stringify(before.instruction)}`;
}

/** The one with the fewest differences, the newest of those: the same words stand in many projects. */
function closestOf(candidates: readonly KeptInputs[], inputs: StepInputs): KeptInputs | undefined {
  const counted = candidates.map((candidate) => ({ candidate, count: differencesOf(candidate.inputs, inputs).length }));
  return counted.toSorted((one, other) => one.count - other.count)[0]?.candidate;
}
