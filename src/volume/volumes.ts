import type { EventSink } from "#events/contract.ts";
import { KeyedMutex } from "#lib/keyed-mutex.ts";
import type { Owner } from "#lib/id-mapping.ts";
import type { Logger } from "#lib/logger.ts";
import type { Filters } from "#spec/filters.ts";
import type { Database } from "#store/db/database.ts";
import { createVolume, type CreateRequest } from "./create.ts";
import type { TreeWork, VolumeContext } from "./deps.ts";
import { volumeNamed } from "./inspect.ts";
import { listVolumes } from "./list.ts";
import { plan } from "./plan.ts";
import type { PlannedMount, VolumeRequest } from "./planned-mount.ts";
import { prepare } from "./prepare.ts";
import { type PruneResult, pruneVolumes } from "./prune.ts";
import { release } from "./release.ts";
import { removeVolume } from "./remove.ts";
import { restoreVolumes } from "./restore.ts";
import type { Volume } from "./volume.ts";
import { VolumeStore } from "./volume-store.ts";

export interface VolumesDeps {
  readonly database: Database;
  readonly events: EventSink;
  readonly trees: TreeWork;
  readonly logger: Logger;
}

/** How much of the disk a volume takes, and how many containers have it. */
export interface VolumeUsage {
  readonly volume: Volume;
  readonly bytes: number;
  readonly references: number;
}

/** The volumes of one engine: what the API asks for, and what a container needs of them at its creation, start and removal. */
export class Volumes {
  readonly #context: VolumeContext;
  readonly #root: string;

  /**
   * @param options.root folder of all volumes, on a file system that takes every attribute.
   * @param options.owner who new folders belong to; root without.
   */
  constructor({ database, ...deps }: VolumesDeps, { root, owner }: { readonly root: string; readonly owner?: Owner | undefined }) {
    this.#root = root;
    this.#context = { ...deps, store: new VolumeStore(database, root), locks: new KeyedMutex(), owner };
  }

  /** Before anything else. @param containers ids of all that exist. */
  restore(containers: ReadonlySet<string>): Promise<void> {
    return restoreVolumes(this.#context, this.#root, containers);
  }

  create(request: CreateRequest): Promise<Volume> {
    return createVolume(this.#context, request);
  }

  inspect(name: string): Volume {
    return volumeNamed(this.#context.store, name);
  }

  list(filters: Filters): readonly Volume[] {
    return listVolumes(this.#context.store, filters);
  }

  remove(name: string, options: { force: boolean }): Promise<void> {
    return removeVolume(this.#context, name, options);
  }

  prune(filters: Filters, options: { allByDefault: boolean; signal: AbortSignal }): Promise<PruneResult> {
    return pruneVolumes(this.#context, filters, options);
  }

  /** Walks every volume: as slow as `du`. */
  async usage(signal: AbortSignal): Promise<readonly VolumeUsage[]> {
    const counts = this.#context.store.useCounts();
    const usages: VolumeUsage[] = [];
    for (const volume of this.#context.store.all()) {
      signal.throwIfAborted();
      const bytes = await this.#context.trees.measure(volume.mountpoint).catch(() => 0);
      usages.push({ volume, bytes, references: counts.get(volume.name) ?? 0 });
    }
    return usages;
  }

  plan(request: VolumeRequest): Promise<readonly PlannedMount[]> {
    return plan(this.#context, request);
  }

  prepare(containerId: string, rootfs: string, mounts: readonly PlannedMount[]): Promise<void> {
    return prepare(this.#context, containerId, rootfs, mounts);
  }

  release(containerId: string, options: { removeAnonymous: boolean }): Promise<void> {
    return release(this.#context, containerId, options);
  }
}
