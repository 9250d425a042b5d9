import { chmodSync } from "node:fs";
import { hasSubvolumes, isSubvolume, makeSubvolume, removeSubvolume, snapshotSubvolume, subvolumeBytes } from "#sys/btrfs/subvolume.ts";
import { bytePathOf } from "#lib/byte-path.ts";
import { copyFolder } from "./copy-folder.ts";
import type { SubvolumeJob } from "./tree-job.ts";

export function runSubvolumeJob(job: SubvolumeJob): number | undefined {
  switch (job.kind) {
    case "subvolume":
      make(job.folder);
      return undefined;
    case "snapshot":
      snapshot(job.from, job.to);
      return undefined;
    case "remove-subvolume":
      if (isSubvolume(job.folder)) removeSubvolume(job.folder);
      return undefined;
    case "measure-subvolume":
      return subvolumeBytes(job.folder);
  }
}

function make(folder: string): void {
  makeSubvolume(folder);
  // Whatever umask the daemon has.
  chmodSync(folder, 0o755);
}

/** What a container has made of itself may have subvolumes inside, which a snapshot leaves out. */
function snapshot(from: string, to: string): void {
  if (!hasSubvolumes(from)) {
    snapshotSubvolume(from, to);
    return;
  }
  make(to);
  copyFolder(bytePathOf(from), bytePathOf(to));
}
