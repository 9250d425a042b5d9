import type { VolumeContext } from "../deps.ts";
import type { FolderArchives, OpenRepository, RepositoryAsked, WhileFrozen } from "../ports.ts";
import type { Volume } from "../volume.ts";
import { cloneVolume } from "./clone.ts";
import type { BackupContext } from "./deps.ts";
import { type BackupCompression, exportVolume } from "./export.ts";
import { importVolume } from "./import.ts";
import { restoreSnapshot, takeSnapshot } from "./snapshot.ts";
import type { Snapshot, SnapshotStorage } from "./snapshots/contract.ts";
import { FolderSnapshots } from "./snapshots/folder-snapshots.ts";

export interface BackupsDeps {
  readonly volumes: VolumeContext;
  readonly archives: FolderArchives;
  readonly whileFrozen: WhileFrozen;
  readonly openRepository: OpenRepository;
}

/** Which snapshots are meant: those of a repository, or those that this host keeps. */
export type SnapshotPlace = RepositoryAsked | undefined;

/** Copies of volumes: as archives, as volumes, and as snapshots that share what they have in common. */
export class VolumeBackups {
  readonly #context: BackupContext;
  readonly #volumes: string;
  readonly #ownSnapshots: SnapshotStorage;
  readonly #openRepository: OpenRepository;

  /** @param options.volumes folder of all volumes. @param options.snapshots folder of the snapshots; made when it is needed. */
  constructor({ volumes, openRepository, ...deps }: BackupsDeps, options: { readonly volumes: string; readonly snapshots: string }) {
    this.#context = { ...volumes, ...deps };
    this.#ownSnapshots = new FolderSnapshots(options.snapshots);
    this.#openRepository = openRepository;
    this.#volumes = options.volumes;
  }

  export(
    name: string,
    options: { readonly compression: BackupCompression; readonly signal: AbortSignal },
  ): Promise<AsyncIterable<Uint8Array>> {
    return exportVolume(this.#context, this.#volumes, name, options);
  }

  import(name: string, archive: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<Volume> {
    return importVolume(this.#context, name, archive, signal);
  }

  clone(name: string, to: string): Promise<Volume> {
    return cloneVolume(this.#context, this.#volumes, name, to);
  }

  async snapshot(name: string, place: SnapshotPlace, signal: AbortSignal): Promise<Snapshot> {
    return await takeSnapshot(this.#context, this.#volumes, { name, keepIn: () => this.#storage(place, "write", signal) }, signal);
  }

  async snapshots(name: string, place: SnapshotPlace, signal: AbortSignal): Promise<readonly Snapshot[]> {
    return await (await this.#storage(place, "read", signal)).list(name);
  }

  async restore(
    request: { readonly volume: string; readonly id: string; readonly to: string },
    place: SnapshotPlace,
    signal: AbortSignal,
  ): Promise<Volume> {
    return await restoreSnapshot(this.#context, await this.#storage(place, "read", signal), request, signal);
  }

  async removeSnapshot(name: string, id: string, place: SnapshotPlace, signal: AbortSignal): Promise<void> {
    const storage = await this.#storage(place, "write", signal);
    await storage.remove(await storage.find(name, id));
  }

  async #storage(place: SnapshotPlace, access: "read" | "write", signal: AbortSignal): Promise<SnapshotStorage> {
    if (place === undefined) return this.#ownSnapshots;
    const { RepositorySnapshots } = await import("./snapshots/repository-snapshots.ts");
    return new RepositorySnapshots(await this.#openRepository(place, access, signal));
  }
}
