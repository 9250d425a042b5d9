import { hash } from "node:crypto";
import type { BuildPlan, StepRef } from "../plan/plan.ts";
import type { StepPlace } from "./input-store.ts";

/** Where the instruction stands that makes a step; undefined for what no instruction says. */
export function stepPlace({ stages }: Pick<BuildPlan, "stages">, ref: StepRef): StepPlace | undefined {
  for (const { name, index, lines } of stages) {
    const line = lines.findIndex(({ step }, at) => at > 0 && step === ref);
    const text = lines[line]?.text;
    if (text === undefined) continue;
    const stage = name ?? String(index);
    const before = lines.slice(0, line).filter((other) => other.text === text).length;
    return { place: named([stage, text, before]), position: named([stage, line]), instruction: text };
  }
  return undefined;
}

/** What a step stands on, as people call it. */
export function baseName({ steps }: Pick<BuildPlan, "steps">, root: StepRef): string {
  const operation = steps[root]?.operation;
  return operation?.kind === "image" ? `the base image ${operation.reference}` : "what the steps above it made";
}

function named(parts: readonly unknown[]): string {
  return hash("sha256", JSON.stringify(parts), "hex");
}
