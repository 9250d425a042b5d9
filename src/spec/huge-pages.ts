import { EngineError } from "#errors/engine-error.ts";
import { parseMemory } from "#lib/units.ts";

/** `dhow.hugepages.2MB=64m`: how much a container may have in pages of that size. Docker's API has no word for it. */
const PREFIX = "dhow.hugepages.";
const SIZE = /^[1-9]\d{0,3}[KMG]B$/;

export interface HugePageLimit {
  /** As the kernel names it: `2MB`, `1GB`. */
  readonly pageSize: string;
  /** Bytes. */
  readonly limit: number;
}

/**
 * What the labels of a container ask for.
 *
 * @throws EngineError `invalid` naming the label.
 */
export function hugePageLimitsOf(labels: Readonly<Record<string, string>> | undefined): HugePageLimit[] {
  return Object.entries(labels ?? {}).flatMap(([name, value]) => (name.startsWith(PREFIX) ? limitOf(name, value) : []));
}

function limitOf(name: string, value: string): HugePageLimit {
  const pageSize = name.slice(PREFIX.length);
  const limit = parseMemory(value);
  if (!SIZE.test(pageSize)) throw invalid(name, "want the size of a page, such as dhow.hugepages.2MB");
  if (limit === undefined) throw invalid(name, `${JSON.stringify(value.slice(0, 64))} is no size: want a number of bytes, such as 64m`);
  return { pageSize, limit };
}

function invalid(name: string, problem: string): EngineError {
  return new EngineError("invalid", `label ${name.slice(0, 64)}: ${problem}`);
}
