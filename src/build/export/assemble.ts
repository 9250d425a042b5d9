import { chainIds } from "#spec/oci-image/chain-id.ts";
import type { Digest } from "#spec/digest.ts";
import type { HistoryEntry, ImageConfigFile } from "#spec/oci-image/types.ts";
import { INLINE_CACHE } from "../cache/image-caches.ts";
import type { HistoryLine, PlannedImage, StepRef } from "../plan/plan.ts";
import type { BuiltLayer } from "../ports.ts";
import type { LayerTree } from "../execute/step-result.ts";

export interface BuiltStage {
  readonly image: PlannedImage;
  readonly tree: LayerTree;
  /** The layers after each step. */
  readonly treeOf: (ref: StepRef) => LayerTree;
  /** SOURCE_DATE_EPOCH: the date of it all. Undefined: each layer's own, so that what comes out of the cache makes the same image again. */
  readonly epoch: Date | undefined;
  /** What each layer is known by, where the image is to say so. */
  readonly inlineCache: readonly (readonly string[])[] | undefined;
}

/** The configuration file of a built image. What a step has not changed has no layer, and its line says so. */
export function imageConfigOf(stage: BuiltStage): ImageConfigFile {
  const { image, tree } = stage;
  const { architecture, os, variant, author, config, base } = image;
  const version = base?.config["os.version"];
  const history = historyOf(stage);
  return {
    created: history.at(-1)?.created ?? base?.config.created ?? firstDate(stage),
    ...(author === undefined ? {} : { author }),
    architecture,
    os,
    ...(variant === undefined ? {} : { variant }),
    ...(version === undefined ? {} : { "os.version": version }),
    config,
    rootfs: { type: "layers", diff_ids: tree.layers.map(({ diffId }) => diffId) },
    history: [...baseHistory(image), ...history],
    ...(stage.inlineCache === undefined ? {} : { [INLINE_CACHE]: stage.inlineCache }),
  };
}

/** An image may come without a history, or with one that does not fit its layers: each of its layers gets a line then. */
function baseHistory({ base }: PlannedImage): readonly HistoryEntry[] {
  if (base === undefined) return [];
  const { history = [], rootfs, created } = base.config;
  const layers = history.filter((entry) => entry.empty_layer !== true).length;
  if (layers === rootfs.diff_ids.length) return history;
  return rootfs.diff_ids.map(() => (created === undefined ? {} : { created }));
}

function historyOf(stage: BuiltStage): HistoryEntry[] {
  const { image, treeOf } = stage;
  const { base, history } = image;
  const seen = new Set<Digest>(chainIds(base?.config.rootfs.diff_ids ?? []));
  let created = firstDate(stage);
  return history.map((line) => {
    const top = line.step === undefined ? undefined : treeOf(line.step).layers.at(-1);
    const isNew = top !== undefined && !seen.has(top.chainId);
    if (isNew) seen.add(top.chainId);
    if (isNew && stage.epoch === undefined) created = dateOf(top) ?? created;
    return entryOf(line, created, isNew);
  });
}

/** Of lines before the first layer. */
function firstDate({ image: { base }, tree, epoch }: BuiltStage): string {
  if (epoch !== undefined) return epoch.toISOString();
  const [first] = tree.layers.map(dateOf).filter((date) => date !== undefined);
  return base?.config.created ?? first ?? new Date().toISOString();
}

function dateOf({ created }: BuiltLayer): string | undefined {
  return created === undefined ? undefined : new Date(created).toISOString();
}

function entryOf({ createdBy, comment }: HistoryLine, created: string, hasLayer: boolean): HistoryEntry {
  return {
    created,
    created_by: createdBy,
    ...(comment === "" ? {} : { comment }),
    ...(hasLayer ? {} : { empty_layer: true }),
  };
}
