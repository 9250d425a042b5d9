import { messageOf } from "#errors/engine-error.ts";
import { mediaTypes } from "#spec/oci-image/types.ts";
import { definitionKey } from "../../cache/keys.ts";
import type { CacheRecord } from "../../cache/cache-store.ts";
import type { Execution, StepOutcome } from "../execution-context.ts";
import { fetchLayer } from "../../remote-cache/fetch-layer.ts";
import { explain, type Explained } from "../explain-step.ts";
import { topOf, type LayerTree } from "../step-result.ts";

export interface CachedWork {
  /** What the explanation of a miss is about; undefined: it needs none. */
  readonly explained: Explained | undefined;
  /** The layer stands on nothing and is wanted as an archive alone. */
  readonly detached?: boolean;
  /** What the step is known by, as far as that is known without looking at files; undefined where it cannot be. */
  readonly quick: string | undefined;
  /** What it is known by, for certain. Asked for where `quick` finds nothing. */
  readonly key: () => Promise<string>;
  readonly description: string;
  /** A command's line in the history of an image. */
  readonly createdBy?: string | undefined;
  readonly make: () => Promise<LayerTree>;
}

/** The tree that a step makes of another: out of the cache, or made now and remembered. */
export async function cachedLayer(execution: Execution, parent: LayerTree, work: CachedWork): Promise<StepOutcome> {
  const { keys, result, ...outcome } = await findOrMake(execution, parent, work);
  execution.made.push({ keys, layer: result === parent ? undefined : result.layers.at(-1) });
  return { result, ...outcome };
}

interface Outcome extends StepOutcome {
  readonly result: LayerTree;
  /** What it is known by, as far as that was asked for. */
  readonly keys: readonly string[];
}

async function findOrMake(execution: Execution, parent: LayerTree, work: CachedWork): Promise<Outcome> {
  const quick = work.quick === undefined ? undefined : definitionKey(work.quick);
  const wanted: Wanted = { parent, detached: work.detached ?? false };
  const fast = quick === undefined ? undefined : await recall(execution, wanted, quick);
  if (quick !== undefined && fast !== undefined) return { result: fast, cached: true, keys: [quick] };
  const key = await work.key();
  const keys = quick === undefined ? [key] : [key, quick];
  const found = await recall(execution, wanted, key, keys);
  if (found !== undefined) return { result: found, cached: true, keys };
  const lent = (await fetchLayer(execution, wanted, keys)) ?? (await fromImages(execution, parent, keys, work.createdBy));
  if (lent !== undefined) remember(execution, parent, lent, keys, work.description);
  if (lent !== undefined) return { result: lent, cached: true, keys };
  const explanation = await explain(execution, work.explained);
  const result = await work.make();
  remember(execution, parent, result, keys, work.description);
  await explanation.keep();
  return { result, cached: false, why: explanation.why, keys };
}

interface Wanted {
  readonly parent: LayerTree;
  readonly detached: boolean;
}

async function recall(execution: Execution, wanted: Wanted, key: string, also: readonly string[] = []): Promise<LayerTree | undefined> {
  const { cache, input, uses } = execution;
  if (input.noCache) return undefined;
  const record = cache.find(key);
  if (record === undefined) return undefined;
  const tree = await treeOf(execution, wanted, record);
  if (tree !== undefined) uses.push({ id: record.id, keys: also });
  return tree;
}

/** The layer may be gone, and its archive: then it is made again. */
async function treeOf({ assembly, content }: Execution, { parent, detached }: Wanted, record: CacheRecord): Promise<LayerTree | undefined> {
  const { layer, size, created } = record;
  if (record.parent !== topOf(parent)) return undefined;
  if (layer === undefined) return parent;
  await assembly.holdBlob(layer.diffId);
  const isHere = (detached || (await assembly.holdLayer(layer.chainId))) && content.sizeOf(layer.diffId) !== undefined;
  if (!isHere) return undefined;
  const blob = { digest: layer.diffId, mediaType: mediaTypes.ociLayer };
  return { kind: "layers", layers: [...parent.layers, { ...layer, size, blob, created }] };
}

/** A layer of an image that the client named as a cache. */
async function fromImages(
  { imageCaches, assembly, input }: Execution,
  parent: LayerTree,
  keys: readonly string[],
  createdBy: string | undefined,
): Promise<LayerTree | undefined> {
  const layer = input.noCache ? undefined : imageCaches.find(parent.layers, keys, createdBy);
  if (layer === undefined) return undefined;
  if (layer.blob !== undefined) await assembly.holdBlob(layer.blob.digest);
  return (await assembly.holdLayer(layer.chainId)) ? { kind: "layers", layers: [...parent.layers, layer] } : undefined;
}

function remember(
  { cache, images, logger }: Execution,
  parent: LayerTree,
  result: LayerTree,
  keys: readonly string[],
  description: string,
): void {
  const layer = result === parent ? undefined : result.layers.at(-1);
  const size = layer?.size ?? 0;
  // A pulled layer is kept as it came: the image that it is of has to stay for it, and its record goes by another archive's name.
  if (layer !== undefined && layer.blob?.digest !== layer.diffId) return;
  const replaced = cache.add(keys, { description, parent: topOf(parent), layer, size }, layer?.created ?? Date.now());
  if (replaced.length === 0) return;
  const layers = replaced.flatMap((record) => (record.layer === undefined ? [] : [record.layer]));
  images
    .collect(
      layers.map(({ chainId }) => chainId),
      layers.map(({ diffId }) => diffId),
    )
    .catch((error: unknown) => logger.warn({ error: messageOf(error) }, "what a build replaced could not be removed"));
}
