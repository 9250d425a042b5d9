import type { BackupCompression } from "#volume/backup/export.ts";
import type { SnapshotPlace } from "#volume/backup/backups.ts";
import type { Snapshot } from "#volume/backup/snapshots/contract.ts";
import type { Volume } from "#volume/volume.ts";

/** What the routes of volumes' copies need of the engine. */
export interface VolumeBackupBackend {
  export(
    name: string,
    options: { readonly compression: BackupCompression; readonly signal: AbortSignal },
  ): Promise<AsyncIterable<Uint8Array>>;
  import(name: string, archive: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<Volume>;
  clone(name: string, to: string): Promise<Volume>;
  snapshot(name: string, place: SnapshotPlace, signal: AbortSignal): Promise<Snapshot>;
  snapshots(name: string, place: SnapshotPlace, signal: AbortSignal): Promise<readonly Snapshot[]>;
  restore(
    request: { readonly volume: string; readonly id: string; readonly to: string },
    place: SnapshotPlace,
    signal: AbortSignal,
  ): Promise<Volume>;
  removeSnapshot(name: string, id: string, place: SnapshotPlace, signal: AbortSignal): Promise<void>;
}
