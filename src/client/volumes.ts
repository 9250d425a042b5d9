import type { AuthConfig, Volume, VolumeCreateRequest, VolumeListResponse } from "#spec/docker-api/types.ts";
import type { VolumeSnapshot } from "#spec/volume-snapshot.ts";
import { authHeader } from "./auth-header.ts";
import type { Caller, CallOptions } from "./caller.ts";
import { prune, type Pruned, type PruneOptions } from "./prune.ts";
import { encodeFilters, encodeName, type QueryFilters } from "./query.ts";

/** Snapshots in a repository of a registry, instead of the daemon's own. */
export interface SnapshotPlace {
  /** `host/name`. */
  readonly repository: string;
  readonly auth?: AuthConfig | undefined;
}

export class VolumesClient {
  readonly #caller: Caller;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  async list({ filters }: { readonly filters?: QueryFilters } = {}): Promise<Volume[]> {
    const { Volumes } = await this.#caller.json<VolumeListResponse>("GET /volumes", { query: { filters: encodeFilters(filters) } });
    return Volumes ?? [];
  }

  inspect(name: string): Promise<Volume> {
    return this.#caller.json(`GET /volumes/${encodeName(name)}`);
  }

  /** One that is there already is given back. Without a name it gets one. */
  create(body: VolumeCreateRequest = {}): Promise<Volume> {
    return this.#caller.json("POST /volumes/create", { json: body });
  }

  remove(name: string, { force }: { readonly force?: boolean } = {}): Promise<void> {
    return this.#caller.send(`DELETE /volumes/${encodeName(name)}`, { query: { force } });
  }

  /** Removes anonymous ones that nobody uses, or with the filter `all: true` named ones, too. */
  prune(options: PruneOptions = {}): Promise<Pruned> {
    return prune(this.#caller, "volumes", options);
  }

  /** The content as an archive, compressed by zstd unless told otherwise. Of a volume in use, as it is at one moment. */
  async export(
    name: string,
    { compression, signal }: { readonly compression?: "zstd" | "none"; readonly signal?: AbortSignal } = {},
  ): Promise<AsyncIterable<Uint8Array>> {
    return (await this.#caller.stream(`GET /volumes/${encodeName(name)}/archive`, { query: { compression }, signal })).body;
  }

  /** Fills an empty volume, or a new one, from an archive, compressed or not: with all of it, or not at all. */
  import(name: string, archive: AsyncIterable<Uint8Array>, { signal }: { readonly signal?: AbortSignal } = {}): Promise<Volume> {
    const headers = { "Content-Type": "application/octet-stream" };
    return this.#caller.json(`PUT /volumes/${encodeName(name)}/archive`, { body: archive, headers, signal });
  }

  /** Makes a volume with another's content and labels. */
  clone(name: string, to: string): Promise<Volume> {
    return this.#caller.json(`POST /volumes/${encodeName(name)}/clone`, { query: { to } });
  }

  /** Keeps what a volume holds now; only what no snapshot has yet takes room, or is sent. */
  snapshot(name: string, place?: SnapshotPlace): Promise<VolumeSnapshot> {
    return this.#caller.json(`POST /volumes/${encodeName(name)}/snapshots`, at(place));
  }

  /** The oldest first; also those of a volume that is no more. */
  snapshots(name: string, place?: SnapshotPlace): Promise<VolumeSnapshot[]> {
    return this.#caller.json(`GET /volumes/${encodeName(name)}/snapshots`, at(place));
  }

  /** Makes a volume of a snapshot, which is named by the beginning of its id; verified. */
  restore(name: string, { snapshot, to }: { readonly snapshot: string; readonly to: string }, place?: SnapshotPlace): Promise<Volume> {
    return this.#caller.json(`POST /volumes/${encodeName(name)}/snapshots/${encodeName(snapshot)}/restore`, at(place, { to }));
  }

  removeSnapshot(name: string, snapshot: string, place?: SnapshotPlace): Promise<void> {
    return this.#caller.send(`DELETE /volumes/${encodeName(name)}/snapshots/${encodeName(snapshot)}`, at(place));
  }
}

function at(place: SnapshotPlace | undefined, query: Record<string, string> = {}): Pick<CallOptions, "query" | "headers"> {
  if (place === undefined) return { query };
  return { query: { ...query, repository: place.repository }, headers: authHeader(place.auth) };
}
