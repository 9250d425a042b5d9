import { jsonText, type ApiRequest, type Reply } from "#http/route.ts";
import { containerListFilterKeys } from "#spec/filters/container.ts";
import { parseFilters } from "#spec/filters/filters.ts";
import { containerRow } from "../../views/container-summary.ts";
import type { ContainerQueries } from "./backend.ts";
import { booleanOf, integerOf } from "../../query.ts";

export async function listContainers(backend: Pick<ContainerQueries, "list">, { query, apiVersion }: ApiRequest): Promise<Reply> {
  const listed = await backend.list({
    all: booleanOf(query, "all"),
    limit: integerOf(query, "limit") ?? 0,
    size: booleanOf(query, "size"),
    filters: parseFilters(query.get("filters"), containerListFilterKeys),
  });
  const now = Date.now();
  return jsonText(`[${listed.map((container) => containerRow(container, apiVersion, now)).join(",")}]`);
}
