import type { CacheMountEntry } from "./cache-mounts.ts";
import type { CacheRecord } from "./cache-store.ts";

/** A thing that the builder keeps, as `system df` shows it and `prune` removes it. Times in milliseconds since 1970. */
export interface CacheEntry {
  readonly id: string;
  readonly kind: "regular" | "exec.cachemount";
  readonly description: string;
  /** Ids of the entries whose layers it stands on. */
  readonly parents: readonly string[];
  /** A build has it open now. */
  readonly inUse: boolean;
  /** An image has the same layer, which stays when this goes. */
  readonly shared: boolean;
  /** Bytes on the disk: of the layer and of the archive that is kept of it. */
  readonly size: number;
  readonly created: number;
  readonly lastUsed: number;
  readonly uses: number;
}

/** A record as it is on the disk. */
export interface MeasuredRecord {
  readonly record: CacheRecord;
  readonly shared: boolean;
  readonly bytes: number;
}

export function entriesOf(measured: readonly MeasuredRecord[]): CacheEntry[] {
  const records = measured.map(({ record }) => record);
  const byLayer = new Map(records.flatMap(({ id, layer }) => (layer === undefined ? [] : [[layer.chainId, id] as const])));
  return measured.map(({ record, shared, bytes }) => {
    const parent = record.parent === undefined ? undefined : byLayer.get(record.parent);
    const { id, description, created, lastUsed, uses } = record;
    const parents = parent === undefined || parent === id ? [] : [parent];
    return { id, kind: "regular", description, parents, inUse: false, shared, size: bytes, created, lastUsed, uses };
  });
}

export function mountEntryOf({ folder, name, inUse, size, created, lastUsed, uses }: CacheMountEntry): CacheEntry {
  const description = `cached mount ${name}`;
  return { id: folder, kind: "exec.cachemount", description, parents: [], inUse, shared: false, size, created, lastUsed, uses };
}
