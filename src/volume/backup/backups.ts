import type { VolumeContext } from "../deps.ts";
import type { FolderArchives, WhileFrozen } from "../ports.ts";
import type { Volume } from "../volume.ts";
import { cloneVolume } from "./clone.ts";
import type { BackupContext } from "./deps.ts";
import { type BackupCompression, exportVolume } from "./export.ts";
import { importVolume } from "./import.ts";
import { restoreSnapshot, takeSnapshot } from "./snapshot.ts";
import { type Snapshot, SnapshotStore } from "./snapshot-store.ts";

export interface BackupsDeps {
  readonly volumes: VolumeContext;
  readonly archives: FolderArchives;
  readonly whileFrozen: WhileFrozen;
}

/** Copies of volumes: as archives, as volumes, and as snapshots that share what they have in common. */
export class VolumeBackups {
  readonly #context: BackupContext;
  readonly #volumes: string;

  /** @param options.volumes folder of all volumes. @param options.snapshots folder of the snapshots; made when it is needed. */
  constructor({ volumes, ...deps }: BackupsDeps, options: { readonly volumes: string; readonly snapshots: string }) {
    this.#context = { ...volumes, ...deps, snapshots: new SnapshotStore(options.snapshots) };
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

  snapshot(name: string, signal: AbortSignal): Promise<Snapshot> {
    return takeSnapshot(this.#context, this.#volumes, name, signal);
  }

  snapshots(name: string): Promise<readonly Snapshot[]> {
    return this.#context.snapshots.list(name);
  }

  restore(request: { readonly volume: string; readonly id: string; readonly to: string }, signal: AbortSignal): Promise<Volume> {
    return restoreSnapshot(this.#context, request, signal);
  }

  async removeSnapshot(name: string, id: string): Promise<void> {
    await this.#context.snapshots.remove(await this.#context.snapshots.find(name, id));
  }
}
