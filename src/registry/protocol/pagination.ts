import { RegistryError } from "./registry-error.ts";

/** What a client asks of a list. */
export interface PageRequest {
  readonly limit: number;
  /** Only what comes behind this, by the order of its characters; it need not be there itself. */
  readonly after: string | undefined;
}

/** Most entries of an answer, also for who asks for more or says nothing (CVE-2023-2253: `n` was believed). */
const MOST_ENTRIES = 1000;
const LONGEST_LAST = 1024;

/** @throws RegistryError `PAGINATION_NUMBER_INVALID` for an `n` that is no number, or below zero. */
export function parsePage(query: URLSearchParams): PageRequest {
  const asked = query.get("n");
  if (asked !== null && !/^\d{1,15}$/.test(asked)) {
    throw new RegistryError("PAGINATION_NUMBER_INVALID", "n is not a whole number from 0 on", { detail: asked.slice(0, 100) });
  }
  const last = query.get("last");
  return {
    limit: Math.min(asked === null ? MOST_ENTRIES : Number(asked), MOST_ENTRIES),
    after: last === null || last === "" ? undefined : last.slice(0, LONGEST_LAST),
  };
}

/** The header that leads to the rest of a list. */
export function nextLink(path: string, query: Readonly<Record<string, string>>): string {
  return `<${path}?${new URLSearchParams(query).toString()}>; rel="next"`;
}

export interface Page<T> {
  readonly entries: readonly T[];
  /** There are more. */
  readonly more: boolean;
}

/** Takes a page's worth out of an ordered list. */
export async function takePage<T>(source: AsyncIterable<T> | Iterable<T>, limit: number): Promise<Page<T>> {
  const entries: T[] = [];
  if (limit === 0) return { entries, more: false };
  for await (const entry of source) {
    if (entries.length === limit) return { entries, more: true };
    entries.push(entry);
  }
  return { entries, more: false };
}
