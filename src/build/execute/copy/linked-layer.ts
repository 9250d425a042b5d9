import type { Digest } from "#spec/digest.ts";
import { chainIds } from "#spec/oci-image/chain-id.ts";
import { rebaseKey, type KeyParts } from "../../cache/keys.ts";
import type { BuiltLayer } from "../../ports.ts";
import { cachedLayer, type CachedWork } from "../layer/cached.ts";
import { copyOwner } from "./owner.ts";
import type { Execution, StepOutcome } from "../execution-context.ts";
import { layersOf } from "../results.ts";
import { EMPTY, identityOf, topOf, type LayerTree } from "../step-result.ts";

/**
 * COPY --link and ADD --link: a layer that stands on nothing, made once, and put as it is on whatever the step stands on. Nothing below it is read: folders on the
 * way to the destination are the layer's own, and a link that lies there is replaced. When the base changes the layer stays, its digest too.
 *
 * @param work makes the archive.
 */
export async function linkedLayer(execution: Execution, root: LayerTree, work: CachedWork): Promise<StepOutcome> {
  const alone = await cachedLayer(execution, EMPTY, { ...work, detached: true });
  const [layer] = layersOf(alone.result).layers;
  if (layer === undefined) return { ...alone, result: root };
  const { result } = await cachedLayer(execution, root, {
    explained: undefined,
    quick: undefined,
    key: async () => await Promise.resolve(rebaseKey(identityOf(root) ?? "", layer.diffId)),
    description: work.description,
    make: async () => await execution.slots.run(execution.signal, async () => await putOn(execution, root, layer)),
  });
  return { ...alone, result };
}

async function putOn({ assembly, signal }: Execution, root: LayerTree, layer: BuiltLayer): Promise<LayerTree> {
  const { diffId } = layer;
  const chainId = chainIds([...root.layers.map((one) => one.diffId), diffId]).at(-1) as Digest;
  if (!(await assembly.holdLayer(chainId)))
    await assembly.importLayer({ chainId, parent: topOf(root), diffId, blob: layer.blob?.digest ?? diffId }, signal);
  return { kind: "layers", layers: [...root.layers, { ...layer, chainId }] };
}

/** The step stands on nothing, as far as its name is concerned. */
export function linkedIdentity({ epoch }: Execution): KeyParts {
  return { epoch, identity: () => "linked" };
}

/** Names are looked up below, once: the numbers are what the layer depends on. */
export async function linkOwner(
  { snapshots, emptyFolder }: Execution,
  root: LayerTree,
  chown: string | undefined,
): Promise<string | undefined> {
  const look = async (folder: string): Promise<string | undefined> => {
    const owner = copyOwner(folder, chown);
    return await Promise.resolve(owner === undefined ? undefined : `${owner.user}:${owner.group}`);
  };
  const top = topOf(root);
  if (chown === undefined || /^\d+(?::\d+)?$/.test(chown) || top === undefined) return await look(emptyFolder);
  return await snapshots.withLayer(top, look);
}
