import { readFileSync } from "node:fs";

/** Which mount an open descriptor is on: a number that no other mount of the host has while this one lives. */
export function mountOf(fd: number): number {
  const id = /^mnt_id:\s*(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, "latin1"))?.[1];
  if (id === undefined) throw new Error("the kernel does not say which mount a descriptor is on");
  return Number(id);
}
