import { createHash } from "node:crypto";
import type { Digest } from "#spec/digest.ts";
import type { BuildInput } from "../build-input.ts";
import type { CacheStore } from "../cache/cache-store.ts";
import { treeOf } from "../execute/execute-plan.ts";
import type { LayerTree, StepResult } from "../execute/step-result.ts";
import type { BuildPlan, StepRef } from "../plan/plan.ts";
import { imageConfigOf } from "./assemble.ts";
import { squash, squashedConfig, type SquashDeps } from "./squash.ts";

export interface FinishDeps extends SquashDeps {
  readonly cache: Pick<CacheStore, "keysOf">;
}

/** A build's result, whole and on no record. */
export interface FinishedImage {
  readonly id: Digest;
  readonly configBytes: Buffer;
  readonly tree: LayerTree;
}

/** Makes the image of a plan that was executed. @param epoch SOURCE_DATE_EPOCH: seconds. */
export async function finishImage(
  deps: FinishDeps,
  {
    input,
    plan,
    results,
    epoch,
  }: {
    readonly input: BuildInput;
    readonly plan: BuildPlan;
    readonly results: ReadonlyMap<StepRef, StepResult>;
    readonly epoch: number | undefined;
  },
  signal: AbortSignal,
): Promise<FinishedImage> {
  const { image, result } = plan.target;
  const tree = treeOf(results, result);
  const inlineCache = input.inlineCache ? tree.layers.map(({ chainId }) => deps.cache.keysOf(chainId)) : undefined;
  const date = epoch === undefined ? undefined : new Date(epoch * 1000);
  const config = imageConfigOf({ image, tree, treeOf: (ref) => treeOf(results, ref), epoch: date, inlineCache });
  const whole = finished(config, tree);
  if (!input.squash) return whole;
  const baseLayers = image.base?.config.rootfs.diff_ids.length ?? 0;
  const squashed = await squash(deps, tree, baseLayers, signal);
  return finished(squashedConfig(config, squashed, baseLayers, { whole: whole.id, base: image.base?.id }), squashed);
}

function finished(config: object, tree: LayerTree): FinishedImage {
  const configBytes = Buffer.from(JSON.stringify(config));
  return { id: `sha256:${createHash("sha256").update(configBytes).digest("hex")}`, configBytes, tree };
}
