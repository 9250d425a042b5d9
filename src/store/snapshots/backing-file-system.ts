import { statfsSync } from "node:fs";

/** As `docker info` names them (statfs(2), f_type). */
const names = new Map<number, string>([
  [0xef53, "extfs"],
  [0x5846_5342, "xfs"],
  [0x9123_683e, "btrfs"],
  [0x0102_1994, "tmpfs"],
  [0x794c_7630, "overlayfs"],
  [0x2fc1_2fc1, "zfs"],
  [0xf2f5_2010, "f2fs"],
  [0x6969, "nfs"],
]);

export function backingFileSystem(folder: string): string {
  return names.get(statfsSync(folder).type) ?? "<unknown>";
}
