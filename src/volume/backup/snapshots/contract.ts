import { EngineError } from "#errors/engine-error.ts";

/** A volume's content at one moment. */
export interface Snapshot {
  /** Of the archive, by which it is verified: 64 hexadecimal digits of SHA-256. */
  readonly id: string;
  readonly volume: string;
  /** RFC 3339. */
  readonly created: string;
  /** Bytes of the archive. */
  readonly size: number;
  /** Bytes that it added to what was kept already. */
  readonly added: number;
}

/**
 * Where snapshots are kept: a folder of this host, or a repository of a registry.
 *
 * Vocabulary: an *archive* is a volume's content as a tar; it is kept as *chunks* that are cut where the content says so, each once however many
 * snapshots have it. A snapshot is there when all of its chunks are, or not at all: one that is cut off in the middle leaves chunks that nobody lists.
 */
export interface SnapshotStorage {
  /** Keeps an archive. One that is there already is told as it is. */
  add(volume: string, archive: AsyncIterable<Uint8Array>): Promise<Snapshot>;

  /** The oldest first; none of a volume that was never kept. @throws EngineError `invalid` for what is no name of a volume. */
  list(volume: string): Promise<readonly Snapshot[]>;

  /** By the beginning of its id. @throws EngineError `not-found` for none, `invalid` for the beginning of several ids. */
  find(volume: string, id: string): Promise<Snapshot>;

  /** The archive; throws at its end, or before, when a byte is not what it was. @throws EngineError `system`. */
  content(snapshot: Pick<Snapshot, "volume" | "id">): AsyncIterable<Uint8Array>;

  /** With what no other snapshot has, where that can be told. @throws EngineError `not-found`. */
  remove(snapshot: Pick<Snapshot, "volume" | "id">): Promise<void>;
}

/** @throws EngineError `not-found` for none, `invalid` for the beginning of several ids. */
export function theOneOf(snapshots: readonly Snapshot[], volume: string, id: string): Snapshot {
  const [found, ...others] = snapshots.filter((snapshot) => id !== "" && snapshot.id.startsWith(id));
  if (others.length > 0) throw new EngineError("invalid", `several snapshots of ${volume} begin with ${id.slice(0, 64)}`);
  if (found === undefined) throw new EngineError("not-found", `no such snapshot of ${volume}: ${id.slice(0, 64)}`);
  return found;
}
