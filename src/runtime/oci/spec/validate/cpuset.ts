import { EngineError } from "#errors/engine-error.ts";

/** Larger than any machine. */
const MOST = 8192;
const LONGEST = 4096;

/**
 * Ranges of `0-3,7`, as the kernel reads it; undefined when it is malformed. They are never written out, however many members they
 * have (CVE-2018-20699: "1-4294967295" filled the memory).
 */
function parseCpuset(text: string): (readonly [number, number])[] | undefined {
  if (text === "") return [];
  if (text.length > LONGEST) return undefined;
  const ranges = text.split(",").map((part) => /^\s*(\d{1,5})(?:-(\d{1,5}))?\s*$/.exec(part));
  const parsed = ranges.map((match) => [Number(match?.[1] ?? MOST), Number(match?.[2] ?? match?.[1] ?? MOST)] as const);
  return parsed.every(([from, to]) => from <= to && to < MOST) ? parsed : undefined;
}

/** @throws EngineError `invalid` with Docker's texts: malformed, or naming what this machine does not have. */
export function refuseUnavailable(kind: "cpus" | "mems", asked: string, online: string): void {
  const wanted = parseCpuset(asked);
  if (wanted === undefined)
    throw new EngineError("invalid", `Invalid value ${asked.slice(0, 64)} for cpuset ${kind}: invalid format: ${asked.slice(0, 64)}`);
  const available = parseCpuset(online) ?? [];
  if (wanted.every((range) => isCovered(range, available))) return;
  const what = kind === "cpus" ? "CPUs" : "memory nodes";
  throw new EngineError("invalid", `Requested ${what} are not available - requested ${asked.slice(0, 64)}, available: ${online}`);
}

function isCovered([from, to]: readonly [number, number], available: readonly (readonly [number, number])[]): boolean {
  let next = from;
  for (const [start, end] of available) {
    if (start <= next && next <= end) next = end + 1;
  }
  return next > to;
}
