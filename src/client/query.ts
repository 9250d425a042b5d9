/** Values as a call has them: what is undefined is left out, a list is repeated, filters are Docker's JSON. */
export type Query = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

/** `{ label: ["a=b"] }`: every key has to match, by one of its values. */
export type QueryFilters = Readonly<Record<string, readonly string[]>>;

/** Encodes a query with its question mark; "" when there is nothing. */
export function encodeQuery(query: Query): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const item of value === undefined ? [] : Array.isArray(value) ? (value as readonly string[]) : [value]) {
      search.append(name, String(item === true ? 1 : item === false ? 0 : item));
    }
  }
  return search.size === 0 ? "" : `?${search.toString()}`;
}

export function encodeFilters(filters: QueryFilters | undefined): string | undefined {
  return filters === undefined || Object.keys(filters).length === 0 ? undefined : JSON.stringify(filters);
}

/** A name as part of a path. Its slashes stay: the API has them in the names of images. */
export function encodeName(name: string): string {
  return name.split("/").map(encodeURIComponent).join("/");
}
