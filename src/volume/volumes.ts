import type { EventSink } from "#events/contract.ts";
import { KeyedMutex } from "#lib/keyed-mutex.ts";
import type { Owner } from "#lib/id-mapping.ts";
import type { Logger } from "#lib/logger.ts";
import type { Filters } from "#spec/filters/filters.ts";
import type { Database } from "#store/db/database.ts";
import { type BackupsDeps, VolumeBackups } from "./backup/backups.ts";
import type { BindOwner, TreeWork, VolumeContext } from "./deps.ts";
import { Drivers } from "./driver/drivers.ts";
import { LocalDriver } from "./driver/local.ts";
import { Mounter } from "./driver/mounter.ts";
import { createVolume, type CreateRequest } from "./manage/create.ts";
import { inspectVolume } from "./manage/inspect.ts";
import { listVolumes, type VolumeList } from "./manage/list.ts";
import { type PruneResult, pruneVolumes } from "./manage/prune.ts";
import { removeVolume } from "./manage/remove.ts";
import { restoreMounts, restoreVolumes } from "./manage/restore.ts";
import { VolumeHolds } from "./mount/holds.ts";
import { located } from "./mount/located.ts";
import { OwnerNamespaces } from "./mount/owner-namespaces.ts";
import { plan } from "./mount/plan.ts";
import { prepare } from "./mount/prepare.ts";
import { release, unmountFor } from "./mount/release.ts";
import { Stage } from "./mount/stage.ts";
import type { PluginFolders } from "./plugin/discover.ts";
import { PATIENCE, type PluginPatience } from "./plugin/plugin-client.ts";
import { Plugins } from "./plugin/plugins.ts";
import type { ImageRoots } from "./ports.ts";
import type { PlannedMount, PrepareRequest, VolumeRequest } from "./request/planned-mount.ts";
import { isPlain, type Volume } from "./volume.ts";
import { VolumeStore } from "./volume-store.ts";

export interface VolumesDeps {
  readonly database: Database;
  readonly events: EventSink;
  readonly trees: TreeWork;
  readonly logger: Logger;
  readonly images: ImageRoots;
}

export interface VolumesOptions {
  /** Folder of all volumes, on a file system that takes every attribute. */
  readonly root: string;
  /** Folder of the exec root where mounts of single holders stand. */
  readonly stage: string;
  /** Who new folders belong to; root without. */
  readonly owner?: Owner | undefined;
  readonly bindOwner?: BindOwner | undefined;
  readonly pluginFolders: PluginFolders;
  readonly patience?: PluginPatience | undefined;
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
  readonly #mounter = new Mounter();

  constructor({ database, ...deps }: VolumesDeps, options: VolumesOptions) {
    const { root, stage, owner, bindOwner = "container", pluginFolders, patience = PATIENCE } = options;
    const store = new VolumeStore(database, root);
    const locks = new KeyedMutex();
    const drivers = new Drivers(new LocalDriver(this.#mounter, { root, owner }), new Plugins(pluginFolders, patience));
    const holds = new VolumeHolds({ store, drivers, locks, logger: deps.logger });
    this.#root = root;
    const parts = { store, locks, drivers, holds, stage: new Stage(stage), ownerNamespaces: new OwnerNamespaces() };
    this.#context = { ...deps, ...parts, owner, bindOwner };
  }

  /** Before any container is started. @param running ids of those that run. */
  restoreMounts(running: ReadonlySet<string>): Promise<void> {
    return restoreMounts(this.#context, running);
  }

  /** After the containers are. @param containers ids of all that exist. */
  restore(containers: ReadonlySet<string>): Promise<void> {
    return restoreVolumes(this.#context, this.#root, containers);
  }

  create(request: CreateRequest): Promise<Volume> {
    return createVolume(this.#context, request);
  }

  inspect(name: string): Promise<Volume> {
    return inspectVolume(this.#context, name);
  }

  list(filters: Filters): Promise<VolumeList> {
    return listVolumes(this.#context, filters);
  }

  remove(name: string, options: { force: boolean }): Promise<void> {
    return removeVolume(this.#context, name, options);
  }

  prune(filters: Filters, options: { allByDefault: boolean; signal: AbortSignal }): Promise<PruneResult> {
    return pruneVolumes(this.#context, filters, options);
  }

  /** Drivers that a volume can be made with: those that were asked for, and those whose sockets or descriptions are there. */
  async driverNames(): Promise<readonly string[]> {
    const { plugins, local } = this.#context.drivers;
    return [...new Set([local.name, ...plugins.known(), ...(await plugins.names())])];
  }

  /** Walks every volume: as slow as `du`. What is kept elsewhere is not measured (-1), as with Docker. */
  async usage(signal: AbortSignal): Promise<readonly VolumeUsage[]> {
    const counts = this.#context.store.useCounts();
    const usages: VolumeUsage[] = [];
    for (const volume of this.#context.store.all()) {
      signal.throwIfAborted();
      const bytes = isPlain(volume) ? await this.#context.trees.measure(volume.mountpoint).catch(() => 0) : -1;
      usages.push({ volume, bytes, references: counts.get(volume.name) ?? 0 });
    }
    return usages;
  }

  plan(request: VolumeRequest): Promise<readonly PlannedMount[]> {
    return plan(this.#context, request);
  }

  prepare(request: PrepareRequest): Promise<readonly PlannedMount[]> {
    return prepare(this.#context, request);
  }

  located(holder: string, mounts: readonly PlannedMount[]): readonly PlannedMount[] {
    return located(this.#context, holder, mounts);
  }

  unmount(holder: string): Promise<void> {
    return unmountFor(this.#context, holder);
  }

  release(containerId: string, options: { removeAnonymous: boolean }): Promise<void> {
    return release(this.#context, containerId, options);
  }

  /** Their copies, as archives, clones and snapshots. @param folder of the snapshots. */
  backups(deps: Omit<BackupsDeps, "volumes">, folder: string): VolumeBackups {
    return new VolumeBackups({ ...deps, volumes: this.#context }, { volumes: this.#root, snapshots: folder });
  }

  async close(): Promise<void> {
    this.#context.drivers.plugins[Symbol.dispose]();
    this.#context.ownerNamespaces[Symbol.dispose]();
    await this.#mounter.close();
  }
}
