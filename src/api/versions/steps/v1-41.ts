import type { VersionStep } from "../step.ts";

export const v1_41: VersionStep = {
  version: [1, 41],
  ignoredQuery: { "POST /containers/create": ["platform"], "GET /containers/{}/stats": ["one-shot"] },
  query: { "GET /images/json": filterToFilters },
};

/** `filter=busybox` was what `filters={"reference":["busybox"]}` is. */
function filterToFilters(query: URLSearchParams): URLSearchParams {
  const filter = query.get("filter") ?? "";
  if (filter === "" || (query.get("filters") ?? "") !== "") return query;
  const lifted = new URLSearchParams(query);
  lifted.delete("filter");
  lifted.set("filters", JSON.stringify({ reference: [filter] }));
  return lifted;
}
