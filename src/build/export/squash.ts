import type { Digest } from "#spec/digest.ts";
import { chainIds } from "#spec/oci-image/chain-id.ts";
import { mediaTypes } from "#spec/oci-image/types.ts";
import type { HistoryEntry, ImageConfigFile } from "#spec/oci-image/types.ts";
import type { ContentStore } from "#store/content/contract.ts";
import type { ContainerFiles, PackedLayer } from "#store/files/contract.ts";
import type { Snapshotter } from "#store/snapshots/contract.ts";
import { INLINE_CACHE } from "../cache/image-caches.ts";
import type { BuildAssembly, BuildImages, BuiltLayer } from "../ports.ts";
import { EMPTY_LAYER } from "../execute/layer/empty.ts";
import { topOf, type LayerTree } from "../execute/step-result.ts";
import { withRoot, type RootDeps } from "./tree-root.ts";

export interface SquashDeps extends RootDeps {
  readonly images: Pick<BuildImages, "openAssembly">;
  readonly snapshots: Pick<Snapshotter, "name" | "withLayer">;
  readonly content: Pick<ContentStore, "produce">;
  readonly files: Pick<ContainerFiles, "packLayer">;
  readonly assembly: BuildAssembly;
}

/**
 * Puts one layer in the place of all that a tree has above its base: what is different between the two, however often it was written on the way.
 * The layers themselves stay the cache's.
 *
 * @param baseLayers how many of the tree's are the base's.
 */
export async function squash(deps: SquashDeps, tree: LayerTree, baseLayers: number, signal: AbortSignal): Promise<LayerTree> {
  const base: LayerTree = { kind: "layers", layers: tree.layers.slice(0, baseLayers) };
  if (tree.layers.length - baseLayers < 2) return tree;
  const packed = await packDifference(deps, tree, base, signal);
  if (packed.diffId === EMPTY_LAYER) return base;
  const chainId = chainIds([...base.layers.map((layer) => layer.diffId), packed.diffId]).at(-1) as Digest;
  const { assembly } = deps;
  const isHere = await assembly.holdLayer(chainId);
  if (!isHere) await assembly.importLayer({ chainId, parent: topOf(base), diffId: packed.diffId, blob: packed.diffId }, signal);
  const blob = { digest: packed.diffId, mediaType: mediaTypes.ociLayer };
  return {
    kind: "layers",
    layers: [...base.layers, { chainId, diffId: packed.diffId, size: packed.contentSize, blob, created: dateOf(tree) }],
  };
}

async function packDifference(deps: SquashDeps, tree: LayerTree, base: LayerTree, signal: AbortSignal): Promise<PackedLayer> {
  const { images, content, files, snapshots, assembly } = deps;
  // Its digest is known at the end: until it is held by its name, no archive is removed.
  await using packing = images.openAssembly();
  await packing.holdAllBlobs();
  const made: { layer?: PackedLayer } = {};
  const pack = async (changed: string, below: string): Promise<void> =>
    await content.produce(async (archive) => {
      const diff = { kind: "copy", changed, below, own: [], sameInodes: snapshots.name === "overlay2" } as const;
      made.layer = await files.packLayer({ diff, archive, folder: undefined }, signal);
      return { digest: made.layer.diffId, size: made.layer.size };
    });
  await withRoot(deps, tree, async (changed) => await withRoot(deps, base, async (below) => await pack(changed, below)));
  const layer = made.layer as PackedLayer;
  await assembly.holdBlob(layer.diffId);
  return layer;
}

/** Of its newest layer, so that the same layers make the same image again. */
function dateOf({ layers }: LayerTree): number | undefined {
  const dates = layers.flatMap(({ created }: BuiltLayer) => created ?? []);
  return dates.length === 0 ? undefined : Math.max(...dates);
}

/**
 * The configuration of an image with its new layers squashed, as Docker has it: no line of the build has a layer any more, but for a last one.
 *
 * @param names the ids of the image as it was, and of its base.
 */
export function squashedConfig(
  config: ImageConfigFile,
  tree: LayerTree,
  baseLayers: number,
  names: { readonly whole: Digest; readonly base: Digest | undefined },
): ImageConfigFile {
  const { [INLINE_CACHE]: _lost, ...rest } = config;
  const history: HistoryEntry[] = [];
  let left = baseLayers;
  for (const entry of config.history ?? []) {
    const isBase = entry.empty_layer === true || left > 0;
    if (entry.empty_layer !== true) left -= 1;
    history.push(isBase ? entry : { ...entry, empty_layer: true });
  }
  const last: HistoryEntry = {
    ...(config.created === undefined ? {} : { created: config.created }),
    comment: `merge ${names.whole} to ${names.base ?? "scratch"}`,
  };
  const hasLayer = tree.layers.length > baseLayers;
  return {
    ...rest,
    rootfs: { type: "layers", diff_ids: tree.layers.map(({ diffId }) => diffId) },
    history: [...history, hasLayer ? last : { ...last, empty_layer: true }],
  };
}
