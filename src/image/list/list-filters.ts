import { EngineError, messageOf } from "#errors/engine-error.ts";
import { matchesLabels, type Filters } from "#spec/filters/filters.ts";
import { canonicalName, canonicalString, familiarName, familiarString, withDefaultTag, type Reference } from "#spec/reference.ts";
import { parseTimestamp } from "#spec/timestamps.ts";
import { compileGlob } from "./glob.ts";
import { createdAt, labelsOf, type Image } from "../record/image.ts";
import type { ImageStore } from "../record/image-store.ts";
import { resolveImage } from "../record/resolve.ts";

export const LIST_FILTERS = ["before", "dangling", "label", "reference", "since", "until"] as const;

const MOST_PATTERNS = 100;

/** Filters of a list, read once. Times in milliseconds since the epoch. */
export interface ListFilters {
  readonly before: number | undefined;
  readonly since: number | undefined;
  readonly dangling: boolean | undefined;
  readonly patterns: readonly ((text: string) => boolean)[];
  readonly labels: Filters;
}

/** @throws EngineError `invalid`, `not-found` (an image that `before` or `since` names). */
export function readListFilters(images: ImageStore, filters: Filters, now: number): ListFilters {
  const valuesOf = (key: (typeof LIST_FILTERS)[number]): readonly string[] => filters.get(key) ?? [];
  const dateOf = (name: string): number | [] => createdAt(resolveImage(images, name)) ?? [];
  // Several values count together: older than each, newer than each.
  const before = [...valuesOf("before").flatMap(dateOf), ...valuesOf("until").map((value) => untilOf(value, now))];
  const since = valuesOf("since").flatMap(dateOf);
  return {
    before: before.length === 0 ? undefined : Math.min(...before),
    since: since.length === 0 ? undefined : Math.max(...since),
    dangling: danglingOf(valuesOf("dangling")),
    patterns: patternsOf(valuesOf("reference")),
    labels: filters,
  };
}

function untilOf(value: string, now: number): number {
  try {
    return Number((parseTimestamp(value, BigInt(now) * 1_000_000n) ?? 0n) / 1_000_000n);
  } catch (cause) {
    throw new EngineError("invalid", `invalid value for 'until' filter: ${messageOf(cause)}`, { cause });
  }
}

function patternsOf(values: readonly string[]): ListFilters["patterns"] {
  if (values.length > MOST_PATTERNS) throw new EngineError("invalid", `invalid filter 'reference': more than ${MOST_PATTERNS} patterns`);
  return values.map(compileGlob);
}

function danglingOf(values: readonly string[]): boolean | undefined {
  const known: Readonly<Record<string, boolean>> = { "1": true, true: true, "0": false, false: false };
  const read = values.map((value) => (Object.hasOwn(known, value.toLowerCase()) ? known[value.toLowerCase()] : undefined));
  const [first] = read;
  if (values.length > 0 && (first === undefined || read.some((value) => value !== first))) {
    throw new EngineError("invalid", `invalid filter 'dangling=[${values.join(" ").slice(0, 100)}]'`);
  }
  return first;
}

export function matchesDates(filters: ListFilters, image: Image): boolean {
  const created = createdAt(image);
  const isBefore = filters.before === undefined || (created !== undefined && created < filters.before);
  const isSince = filters.since === undefined || (created !== undefined && created > filters.since);
  return isBefore && isSince;
}

export function matchesImageLabels(filters: ListFilters, image: Image): boolean {
  return matchesLabels(filters.labels, labelsOf(image));
}

/** The short and the full form match, each with and without its tag. */
export function matchesReference(filters: ListFilters, reference: Reference): boolean {
  const forms = [familiarString(reference), familiarName(reference), canonicalString(withDefaultTag(reference)), canonicalName(reference)];
  return filters.patterns.length === 0 || filters.patterns.some((pattern) => forms.some((form) => pattern(form)));
}
