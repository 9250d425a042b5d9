import { statfs } from "node:fs/promises";
import type { Digest } from "#spec/digest.ts";
import type { ContentStore } from "#store/content/contract.ts";
import type { Snapshotter } from "#store/snapshots/contract.ts";
import type { BuildImages } from "../ports.ts";
import { entriesOf, mountEntryOf, type CacheEntry, type MeasuredRecord } from "./cache-entry.ts";
import type { CacheMounts } from "./cache-mounts.ts";
import type { CacheRecord, CacheStore } from "./cache-store.ts";
import type { GcRule } from "#spec/build/gc.ts";
import { chooseVictims, ownSize, type PruneOptions } from "./choose-victims.ts";
import { optionsOf } from "./gc-options.ts";

export interface BuildCacheDeps {
  readonly cache: CacheStore;
  readonly mounts: CacheMounts;
  readonly images: Pick<BuildImages, "needsLayer" | "collect">;
  readonly snapshots: Pick<Snapshotter, "hasLayer" | "layerSize">;
  readonly content: Pick<ContentStore, "diskSizeOf">;
}

export interface Pruned {
  readonly ids: readonly string[];
  readonly bytes: number;
}

/** All that the builder keeps: to look at, and to make room. */
export class BuildCache {
  readonly #deps: BuildCacheDeps;
  readonly #root: string;

  /** @param root where it lies: free space is asked for there. */
  constructor(deps: BuildCacheDeps, root: string) {
    this.#deps = deps;
    this.#root = root;
  }

  async entries(): Promise<CacheEntry[]> {
    const { cache, mounts, snapshots } = this.#deps;
    const records = cache.list();
    const owners = archiveOwners(records, (chainId) => snapshots.hasLayer(chainId));
    const needed = this.#neededArchives(records);
    const measured = await Promise.all(records.map((record) => this.#measure(record, owners.has(record.id), needed)));
    return [...entriesOf(measured), ...(await mounts.list()).map(mountEntryOf)];
  }

  /** Of layers that images have, on whatever tree. */
  #neededArchives(records: readonly CacheRecord[]): ReadonlySet<Digest> {
    const { images } = this.#deps;
    return new Set(records.flatMap(({ layer }) => (layer !== undefined && images.needsLayer(layer.chainId) ? [layer.diffId] : [])));
  }

  /** @param ownsArchive it is the one that the archive of its layer is counted with. @param needed archives that images have, too. */
  async #measure(record: CacheRecord, ownsArchive: boolean, needed: ReadonlySet<Digest>): Promise<MeasuredRecord> {
    const { images, snapshots, content } = this.#deps;
    const { layer } = record;
    if (layer === undefined) return { record, shared: false, bytes: 0 };
    const archive = ownsArchive ? (content.diskSizeOf(layer.diffId) ?? 0) : 0;
    // One that is kept as an archive alone (COPY --link) is an image's where the archive is.
    if (!snapshots.hasLayer(layer.chainId)) return { record, shared: needed.has(layer.diffId), bytes: archive };
    return { record, shared: images.needsLayer(layer.chainId), bytes: (await snapshots.layerSize(layer.chainId)) + archive };
  }

  /** Lets go of what the rules say, one rule after the other, first what was not used for the longest. */
  async tidy(rules: readonly GcRule[]): Promise<void> {
    for (const rule of rules) {
      const { blocks, bsize } = await statfs(this.#root);
      await this.prune(optionsOf(rule, blocks * bsize, Date.now()));
    }
  }

  async prune(options: PruneOptions): Promise<Pruned> {
    const { bavail, bsize } = await statfs(this.#root);
    const victims = chooseVictims(await this.entries(), options, bavail * bsize);
    return await this.#remove(victims);
  }

  /** Records go first: what they stood for is then needed by nobody, and a kill in between leaves it to the next start. */
  async #remove(victims: readonly CacheEntry[]): Promise<Pruned> {
    const { cache, mounts, images } = this.#deps;
    const records = victims.filter(({ kind }) => kind === "regular");
    const gone = new Set(records.map(({ id }) => id));
    const layers = topDown(cache.list().filter(({ id }) => gone.has(id)));
    cache.remove([...gone]);
    await images.collect(
      layers.map(({ chainId }) => chainId),
      layers.map(({ diffId }) => diffId),
    );
    const folders = await mounts.remove(victims.filter(({ kind }) => kind === "exec.cachemount").map(({ id }) => id));
    const removed = victims.filter(({ id, kind }) => kind === "regular" || folders.includes(id));
    return { ids: removed.map(({ id }) => id), bytes: removed.reduce((sum, entry) => sum + ownSize(entry), 0) };
  }
}

/** The same archive may lie on several trees, and is on the disk once: with a layer that is unpacked, where there is one. @returns ids of records. */
function archiveOwners(records: readonly CacheRecord[], isUnpacked: (chainId: Digest) => boolean): ReadonlySet<string> {
  const owners = new Map<Digest, string>();
  const own = records.flatMap(({ id, layer }) => (layer === undefined ? [] : [{ id, layer }]));
  for (const { id, layer } of own.toSorted((a, b) => Number(isUnpacked(b.layer.chainId)) - Number(isUnpacked(a.layer.chainId))))
    if (!owners.has(layer.diffId)) owners.set(layer.diffId, id);
  return new Set(owners.values());
}

/** A layer goes only after those that stand on it. */
function topDown(records: readonly CacheRecord[]): { readonly chainId: Digest; readonly diffId: Digest }[] {
  const below = new Map(
    records.flatMap(({ layer, parent }) => (layer === undefined || parent === undefined ? [] : [[layer.chainId, parent] as const])),
  );
  const depth = (chainId: Digest | undefined): number => {
    let steps = 0;
    for (let at = chainId; at !== undefined && steps < below.size + 1; at = below.get(at)) steps += 1;
    return steps;
  };
  return records.flatMap(({ layer }) => (layer === undefined ? [] : [layer])).toSorted((a, b) => depth(b.chainId) - depth(a.chainId));
}
