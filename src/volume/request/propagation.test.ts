import { expect, it } from "vitest";
import { checkPropagation } from "./propagation.ts";

const mountInfo = [
  "1 0 254:0 / / rw - ext4 /dev/vda rw",
  "2 1 0:5 / /mnt/shared rw shared:1 - tmpfs none rw",
  "3 1 0:6 / /mnt/slave rw master:1 - tmpfs none rw",
  "4 1 0:7 / /mnt/with\\040blank rw shared:3 master:1 - tmpfs none rw",
  "5 2 0:8 / /mnt/shared rw - tmpfs none rw",
  "",
].join("\n");

it.each([
  ["/srv", "rprivate", undefined],
  ["/srv", "rshared", "path /srv is mounted on / but it is not a shared mount"],
  ["/srv", "slave", "path /srv is mounted on / but it is not a shared or slave mount"],
  ["/mnt/slave/x", "rslave", undefined],
  ["/mnt/slave/x", "shared", "path /mnt/slave/x is mounted on /mnt/slave but it is not a shared mount"],
  ["/mnt/slavery", "rslave", "is mounted on / but"],
  ["/mnt/with blank/x", "rshared", undefined],
  // A later mount at the same point lies over the first.
  ["/mnt/shared", "rshared", "path /mnt/shared is mounted on /mnt/shared but it is not a shared mount"],
])("%s %s: %s", (source, propagation, problem) => {
  const check = (): void => checkPropagation(source, propagation, mountInfo);
  if (problem === undefined) expect(check).not.toThrow();
  else expect(check).toThrow(problem);
});
