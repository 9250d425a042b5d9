import { isEngineError, messageOf } from "#errors/engine-error.ts";
import type { Digest } from "#spec/digest.ts";
import { chainIds } from "#spec/oci-image/chain-id.ts";
import { familiarName, familiarString, type Reference } from "#spec/reference.ts";
import type { ContentStore } from "#store/content/contract.ts";
import type { Snapshotter } from "#store/snapshots/contract.ts";
import type { Assembly } from "../make/assembly.ts";
import type { Collector } from "../remove/collector.ts";
import type { ImageStore } from "../record/image-store.ts";
import { shortId, tagsOf, type Image } from "../record/image.ts";
import type { RemoteBlobs } from "../ports.ts";
import type { BlobRole, Finding, Outcome } from "./finding.ts";

export interface RepairDeps {
  readonly images: ImageStore;
  readonly content: ContentStore;
  readonly snapshots: Snapshotter;
  readonly collector: Collector;
  readonly openAssembly: () => Assembly;
  readonly remote: RemoteBlobs | undefined;
}

/** Most bytes of a blob that is fetched again, as of one that is loaded. */
const LIMIT = 256 * 2 ** 30;

/** Mends one fault from what else is here, or from where the image came from. Never throws but `cancelled`. */
export async function repair(deps: RepairDeps, finding: Finding, signal: AbortSignal): Promise<Outcome> {
  try {
    return await mend(deps, finding, signal);
  } catch (error) {
    if (isEngineError(error, "cancelled")) throw error;
    return { kind: "not-repaired", why: messageOf(error) };
  }
}

function mend(deps: RepairDeps, finding: Finding, signal: AbortSignal): Promise<Outcome> {
  switch (finding.kind) {
    case "missing-blob":
    case "damaged-blob":
      return mendBlob(deps, finding.digest, finding.role, finding.images, signal);
    case "missing-layer":
    case "damaged-layer":
      return mendLayer(deps, finding.chainId, finding.images, signal);
    case "orphan-blob":
      return removed(deps.collector.collectBlobs([finding.digest]), () => deps.content.sizeOf(finding.digest) === undefined);
    case "orphan-layer":
      return removed(deps.collector.collectLayers([finding.chainId]), () => !deps.snapshots.hasLayer(finding.chainId));
  }
}

async function removed(removal: Promise<unknown>, isGone: () => boolean): Promise<Outcome> {
  await removal;
  return isGone() ? { kind: "repaired", how: "removed" } : { kind: "not-repaired", why: "somebody has begun to use it" };
}

async function mendBlob(deps: RepairDeps, digest: Digest, role: BlobRole, users: readonly Digest[], signal: AbortSignal): Promise<Outcome> {
  const { images, content } = deps;
  await using held = deps.openAssembly();
  await held.holdBlob(digest);
  if (role === "configuration") {
    const bytes = images.configOf(digest);
    await content.remove(digest);
    await content.ingest(once(bytes), { digest, limit: bytes.length }, signal);
    return { kind: "repaired", how: "written again from the engine's state" };
  }
  const known = users.flatMap((id) => images.get(id) ?? []);
  const failures: string[] = [];
  for (const reference of known.flatMap(digestsOf)) {
    const source = deps.remote?.fetch(reference, digest, role === "manifest" ? "manifest" : "blob", signal);
    if (source === undefined) break;
    try {
      // Not before there is something to put in its place.
      const fresh = await startOf(source);
      await content.remove(digest);
      await content.ingest(fresh, { digest, limit: LIMIT }, signal);
      return { kind: "repaired", how: `fetched again from ${familiarName(reference)}` };
    } catch (error) {
      if (isEngineError(error, "cancelled")) throw error;
      failures.push(messageOf(error));
    }
  }
  return { kind: "not-repaired", why: whatToDo(known, failures) };
}

/** Unpacked again, once nobody stands on what is there. */
async function mendLayer(deps: RepairDeps, chainId: Digest, users: readonly Digest[], signal: AbortSignal): Promise<Outcome> {
  const { images, content, snapshots } = deps;
  const known = users.flatMap((id) => images.get(id) ?? []);
  const layers = known[0]?.layers ?? [];
  const at = layers.findIndex((layer) => layer.chainId === chainId);
  const layer = layers[at];
  if (layer === undefined) return { kind: "repaired", how: "its image is gone meanwhile" };
  const archive = layer.blob?.digest ?? images.blobOf(layer.diffId)?.digest;
  if (archive === undefined || content.sizeOf(archive) === undefined) return { kind: "not-repaired", why: whatToDo(known, []) };
  await using assembly = deps.openAssembly();
  await assembly.holdBlob(archive);
  if (snapshots.hasLayer(chainId)) {
    if (snapshots.isLayerUsed(chainId))
      return {
        kind: "not-repaired",
        why: "a container or another image stands on it: remove those first, or pull under another storage driver",
      };
    await snapshots.removeLayer(chainId);
  }
  const parent = chainIds(layers.map(({ diffId }) => diffId))[at - 1];
  await assembly.importLayer({ chainId, parent, diffId: layer.diffId, blob: archive }, signal);
  return { kind: "repaired", how: "unpacked again" };
}

function digestsOf({ references }: Image): Reference[] {
  return references.filter(({ digest }) => digest !== undefined);
}

function whatToDo(images: readonly Image[], failures: readonly string[]): string {
  const names = images.map((image) => tagsOf(image)[0] ?? image.references.map(familiarString)[0] ?? shortId(image.id));
  const advice = `pull or load ${names.join(", ")} again`;
  return failures[0] === undefined ? advice : `${failures[0]}; ${advice}`;
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** Waits for the first piece, and gives it back with the rest. */
async function startOf(source: AsyncIterable<Uint8Array>): Promise<AsyncIterable<Uint8Array>> {
  const pieces = source[Symbol.asyncIterator]();
  const first = await pieces.next();
  async function* whole(): AsyncGenerator<Uint8Array> {
    if (first.done === true) return;
    yield first.value;
    for (let next = await pieces.next(); next.done !== true; next = await pieces.next()) yield next.value;
  }
  return whole();
}
