import { EngineError, isEngineError, messageOf } from "#errors/engine-error.ts";
import { chainIds } from "#spec/oci-image/chain-id.ts";
import { mediaTypes } from "#spec/oci-image/types.ts";
import type { Digest } from "#spec/digest.ts";
import { defaultUnpackLimits } from "#store/unpack/contract.ts";
import { decompress } from "#store/unpack/decompress.ts";
import type { Execution } from "../execute/execution-context.ts";
import { topOf, type LayerTree } from "../execute/step-result.ts";
import type { RemoteLayer } from "./cache-document.ts";
import type { CachePlace } from "./place.ts";

/**
 * The tree that a step makes, out of a cache from elsewhere: its layer is fetched, and is what its diff id says, or nothing is.
 *
 * @param wanted `detached` wants the archive alone.
 * @returns undefined where no such cache knows the step, or the layer cannot be had: then it is made.
 * @throws EngineError `cancelled`, `exhausted`.
 */
export async function fetchLayer(
  execution: Execution,
  { parent, detached }: { readonly parent: LayerTree; readonly detached: boolean },
  keys: readonly string[],
): Promise<LayerTree | undefined> {
  const found = execution.input.noCache ? undefined : execution.imported.find(keys);
  if (found === undefined) return undefined;
  if (found.layer === undefined) return parent;
  try {
    return await execution.slots.run(
      execution.signal,
      async () => await take(execution, parent, detached, found.place, found.layer as RemoteLayer),
    );
  } catch (error) {
    if (execution.signal.aborted || isEngineError(error, "cancelled", "exhausted")) throw error;
    execution.imported.lose(found.layer.diffId);
    execution.logger.warn({ cache: found.place.name, error: messageOf(error) }, "a layer of a build's cache could not be had");
    return undefined;
  }
}

async function take(execution: Execution, parent: LayerTree, detached: boolean, place: CachePlace, layer: RemoteLayer): Promise<LayerTree> {
  const { assembly, content, signal } = execution;
  const { diffId, contentSize, created } = layer;
  const chainId = chainIds([...parent.layers.map((one) => one.diffId), diffId]).at(-1) as Digest;
  await assembly.holdBlob(diffId);
  if (content.sizeOf(diffId) === undefined) {
    // Kept plain, as what is built here: its own digest is the one that counts.
    await content.ingest(plain(place, layer, signal), { digest: diffId, limit: defaultUnpackLimits.bytes }, signal);
  }
  if (!detached && !(await assembly.holdLayer(chainId)))
    await assembly.importLayer({ chainId, parent: topOf(parent), diffId, blob: diffId }, signal);
  const blob = { digest: diffId, mediaType: mediaTypes.ociLayer };
  return { kind: "layers", layers: [...parent.layers, { chainId, diffId, size: contentSize, blob, created }] };
}

async function* plain(place: CachePlace, { blob }: RemoteLayer, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  try {
    // A piece is the decoder's again when the next is asked for, and whoever takes it in may read on before he has written.
    for await (const piece of decompress(place.readBlob(blob, signal))) yield Buffer.from(piece);
  } catch (cause) {
    throw isEngineError(cause) ? cause : new EngineError("invalid", `blob ${blob.digest} is broken: ${messageOf(cause)}`, { cause });
  }
}
