import type { OciThrottle } from "#spec/oci-runtime/spec.ts";
import type { Limits } from "./write.ts";

/**
 * What has to be written into a group for it to go from one set of limits to another: the kinds that differ, whole, and for what is
 * no longer limited its default. What somebody else has set in a kind that does not change stays.
 */
export function changedLimits(before: Limits, after: Limits): Limits {
  const wanted: Limits = {
    ...after,
    ...(after.memory === undefined && before.memory === undefined ? {} : { memory: memoryBetween(before.memory, after.memory) }),
    ...(before.pids === undefined ? {} : { pids: after.pids ?? { limit: -1 } }),
    ...(before.blockIO === undefined ? {} : { blockIO: blockIoBetween(before.blockIO, after.blockIO) }),
  };
  const kinds = Object.keys(wanted) as (keyof Limits)[];
  const differing = kinds.filter((kind) => JSON.stringify(wanted[kind]) !== JSON.stringify(before[kind]));
  return Object.fromEntries(differing.map((kind) => [kind, wanted[kind]]));
}

function memoryBetween(before: Limits["memory"], after: Limits["memory"]): NonNullable<Limits["memory"]> {
  const enables = before?.disableOOMKiller === true && after?.disableOOMKiller !== true;
  return { ...after, ...(enables ? { disableOOMKiller: false } : {}) };
}

const THROTTLES = [
  "throttleReadBpsDevice",
  "throttleWriteBpsDevice",
  "throttleReadIOPSDevice",
  "throttleWriteIOPSDevice",
] as const satisfies (keyof NonNullable<Limits["blockIO"]>)[];

function blockIoBetween(before: NonNullable<Limits["blockIO"]>, after: Limits["blockIO"]): NonNullable<Limits["blockIO"]> {
  const lists = THROTTLES.map((kind) => [kind, [...(after?.[kind] ?? []), ...released(before[kind], after?.[kind])]] as const);
  return { ...after, ...Object.fromEntries(lists.filter(([, list]) => list.length > 0)) };
}

/** Devices that are not named any more: a rate of 0 is none. */
function released(before: readonly OciThrottle[] = [], after: readonly OciThrottle[] = []): OciThrottle[] {
  const gone = before.filter((old) => !after.some(({ major, minor }) => major === old.major && minor === old.minor));
  return gone.map(({ major, minor }) => ({ major, minor, rate: 0 }));
}
