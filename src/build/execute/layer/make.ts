import { randomBytes } from "node:crypto";
import { chainIds } from "#spec/oci-image/chain-id.ts";
import { mediaTypes } from "#spec/oci-image/types.ts";
import type { Digest } from "#spec/digest.ts";
import type { PackedLayer } from "#store/files/contract.ts";
import type { WritableDiff } from "#store/snapshots/contract.ts";
import type { BuiltLayer } from "../../ports.ts";
import { EMPTY_LAYER } from "./empty.ts";
import type { Execution } from "../execution-context.ts";
import { EMPTY, topOf, type LayerTree } from "../step-result.ts";

export interface LayerWork {
  /** Of the writable that is worked in; a container's, where one runs in it. */
  readonly id: string;
  /** Its users are seen through the daemon's mapping. */
  readonly remapped: boolean;
  /** Changes the mounted root. */
  readonly work: (root: string) => Promise<void>;
}

export function newWritableId(): string {
  return randomBytes(32).toString("hex");
}

/**
 * Makes a layer on a tree out of what `work` does to it: it works in an overlay, whose upper folder is then the layer as it is, and is read
 * once, for the archive. What changes nothing makes no layer. When it throws, nothing is left.
 */
export async function makeLayer(execution: Execution, parent: LayerTree, { id, remapped, work }: LayerWork): Promise<LayerTree> {
  const { snapshots, signal } = execution;
  // A crash of the host loses it: that is what a build's cache is.
  await snapshots.createWritable(id, topOf(parent), { disposable: true, remapped });
  let layer: BuiltLayer | undefined;
  try {
    await work(await snapshots.mount(id));
    signal.throwIfAborted();
    layer = await pack(execution, parent, async (take) => await snapshots.turnIntoLayer(id, take));
  } finally {
    await snapshots.removeWritable(id);
  }
  return layer === undefined ? parent : { kind: "layers", layers: [...parent.layers, layer] };
}

/**
 * As `makeLayer`, of a layer that stands on nothing and is kept as an archive alone, to be unpacked on whatever it is wanted on.
 *
 * @param _parent what it will be put upon: it decides nothing.
 */
export async function makeArchive(execution: Execution, _parent: LayerTree, { id, remapped, work }: LayerWork): Promise<LayerTree> {
  const { snapshots, signal } = execution;
  await snapshots.createWritable(id, undefined, { disposable: true, remapped });
  try {
    await work(await snapshots.mount(id));
    signal.throwIfAborted();
    const layer = await pack(execution, EMPTY, async (take) => await snapshots.withDiff(id, async (diff) => void (await take(diff))));
    return layer === undefined ? EMPTY : { kind: "layers", layers: [layer] };
  } finally {
    await snapshots.removeWritable(id);
  }
}

type Take = (diff: WritableDiff) => Promise<Digest | undefined>;

/** @param lend what was written, and with the chain id makes a layer of it, or not. */
async function pack(execution: Execution, parent: LayerTree, lend: (take: Take) => Promise<void>): Promise<BuiltLayer | undefined> {
  const { images, content } = execution;
  // Its digest is known at the end: until it is held by its name, no archive is removed.
  await using packing = images.openAssembly();
  await packing.holdAllBlobs();
  const made: { layer?: PackedLayer; chainId?: Digest | undefined } = {};
  await content.produce(async (archive) => {
    await lend(async (diff) => {
      if (execution.epoch !== undefined)
        await execution.threads.clampTimes({ folder: diff.changed, time: execution.epoch }, execution.signal);
      made.layer = await execution.files.packLayer({ diff, archive, folder: undefined }, execution.signal);
      made.chainId = await holdLayer(execution, parent, made.layer);
      return made.chainId;
    });
    const { diffId, size } = made.layer as PackedLayer;
    return { digest: diffId, size };
  });
  const { layer, chainId } = made;
  // Held by its name from here on; where nobody else holds it, as an empty one, it goes again.
  if (layer !== undefined) await packing.holdBlob(layer.diffId);
  if (layer === undefined || chainId === undefined) return undefined;
  await execution.assembly.holdBlob(layer.diffId);
  const blob = { digest: layer.diffId, mediaType: mediaTypes.ociLayer };
  return { chainId, diffId: layer.diffId, size: layer.contentSize, blob, created: Date.now() };
}

async function holdLayer({ assembly }: Execution, parent: LayerTree, { diffId, contentSize }: PackedLayer): Promise<Digest | undefined> {
  if (diffId === EMPTY_LAYER) return undefined;
  const chainId = chainIds([...parent.layers.map((layer) => layer.diffId), diffId]).at(-1);
  if (chainId !== undefined) await assembly.holdNewLayer(chainId, contentSize);
  return chainId;
}
