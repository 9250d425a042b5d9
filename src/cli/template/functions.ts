import { goFormat } from "./printf.ts";
import { show } from "./show.ts";
import { TemplateError } from "./syntax.ts";

/** The functions of Go's templates and those that docker adds, by name. */
export const functions: Readonly<Record<string, (...values: unknown[]) => unknown>> = {
  json: (value) => JSON.stringify(value ?? null),
  join: (list, separator) => asList(list).map(show).join(show(separator)),
  split: (text, separator) => show(text).split(show(separator)),
  lower: (text) => show(text).toLowerCase(),
  upper: (text) => show(text).toUpperCase(),
  title: (text) => show(text).replace(/\b[a-z]/g, (letter) => letter.toUpperCase()),
  pad: (text, before, after) => (text === "" ? "" : " ".repeat(Number(before)) + show(text) + " ".repeat(Number(after))),
  truncate: (text, length) => show(text).slice(0, Number(length)),
  println: (...values) => `${values.map(show).join(" ")}\n`,
  print: (...values) => values.map(show).join(""),
  printf: (pattern, ...values) => goFormat(show(pattern), values),
  len: (value) =>
    typeof value === "string" ? Buffer.byteLength(value) : asList(value).length || Object.keys((value ?? {}) as object).length,
  index: (value, ...keys) => keys.reduce(indexed, value),
  slice: (value, from = 0, to) => (value as string | unknown[]).slice(Number(from), to === undefined ? undefined : Number(to)),
  not: (value) => !isTrue(value),
  and: (...values) => values.find((value) => !isTrue(value)) ?? values.at(-1),
  or: (...values) => values.find(isTrue) ?? values.at(-1),
  eq: (first, ...others) => others.some((other) => other === first),
  ne: (first, other) => first !== other,
  lt: (first, other) => compare(first, other) < 0,
  le: (first, other) => compare(first, other) <= 0,
  gt: (first, other) => compare(first, other) > 0,
  ge: (first, other) => compare(first, other) >= 0,
};

/** Go's notion: false, 0, nil and whatever is empty are not true. */
export function isTrue(value: unknown): boolean {
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? value.length > 0 : Object.keys(value).length > 0;
  return Boolean(value);
}

function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function indexed(value: unknown, key: unknown): unknown {
  if (typeof value !== "object" || value === null) throw new TemplateError(`index of ${show(value)}: not a list or a map`);
  if (Array.isArray(value) && (Number(key) >= value.length || Number(key) < 0)) throw new TemplateError(`index out of range: ${show(key)}`);
  return Object.hasOwn(value, String(key)) ? (value as Record<string, unknown>)[String(key)] : "";
}

function compare(first: unknown, other: unknown): number {
  if (typeof first === "number" && typeof other === "number") return first - other;
  return show(first) < show(other) ? -1 : show(first) === show(other) ? 0 : 1;
}
