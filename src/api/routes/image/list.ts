import { json, type ApiRequest, type Reply } from "#http/route.ts";
import { parseFilters, type Filters } from "#spec/filters/filters.ts";
import { booleanOf } from "../../query.ts";
import { imageSummaryView } from "../../views/image.ts";
import type { ImageQueries } from "./backend.ts";

const FILTERS = ["before", "dangling", "label", "reference", "since", "until"];

/** `manifests` and `identity` change nothing: an image is of one platform here, as in dockerd's overlay2 store. */
export async function listImages(backend: Pick<ImageQueries, "list">, request: ApiRequest): Promise<Reply> {
  const { query, apiVersion } = request;
  const images = backend.list({
    all: booleanOf(query, "all"),
    sharedSize: booleanOf(query, "shared-size"),
    filters: withOldFilter(parseFilters(query.get("filters"), FILTERS), query.get("filter")),
  });
  return json(images.map((image) => imageSummaryView(image, apiVersion)));
}

/** Before API 1.25 a single pattern had a parameter of its own. */
function withOldFilter(filters: Filters, pattern: string | null): Filters {
  return pattern === null || pattern === "" || filters.has("reference") ? filters : new Map([...filters, ["reference", [pattern]]]);
}
