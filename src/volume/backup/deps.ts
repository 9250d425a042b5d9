import type { VolumeContext } from "../deps.ts";
import type { FolderArchives, WhileFrozen } from "../ports.ts";

/** What the verbs of backups share. */
export interface BackupContext extends VolumeContext {
  readonly archives: FolderArchives;
  readonly whileFrozen: WhileFrozen;
}
