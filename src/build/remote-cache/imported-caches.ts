import type { Digest } from "#spec/digest.ts";
import type { RemoteCache, RemoteLayer, RemoteMount } from "./cache-document.ts";
import type { CachePlace } from "./place.ts";

export interface ImportedCache extends RemoteCache {
  readonly place: CachePlace;
}

export interface Found {
  readonly place: CachePlace;
  /** Undefined: the step changes nothing. */
  readonly layer: RemoteLayer | undefined;
}

export interface FoundMount {
  readonly place: CachePlace;
  readonly mount: RemoteMount;
}

/** The caches from elsewhere that a client trusts to hold what its steps would make, by what those are known by. */
export class ImportedCaches {
  readonly #records = new Map<string, Found>();
  readonly #mounts = new Map<string, FoundMount>();
  /** Blobs that could not be had: nobody asks twice. */
  readonly #lost = new Set<Digest>();

  /** The first that knows a step is asked. */
  constructor(caches: readonly ImportedCache[]) {
    for (const { place, records, mounts } of caches) {
      for (const { key, layer } of records) if (!this.#records.has(key)) this.#records.set(key, { place, layer });
      for (const mount of mounts) if (!this.#mounts.has(mount.id)) this.#mounts.set(mount.id, { place, mount });
    }
  }

  find(keys: readonly string[]): Found | undefined {
    const found = keys.map((key) => this.#records.get(key)).find((record) => record !== undefined);
    return found?.layer !== undefined && this.#lost.has(found.layer.diffId) ? undefined : found;
  }

  mount(id: string): FoundMount | undefined {
    return this.#mounts.get(id);
  }

  lose(diffId: Digest): void {
    this.#lost.add(diffId);
  }
}
