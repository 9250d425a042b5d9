import type { ContainerStats } from "#container/stats/sample.ts";
import { EngineError } from "#errors/engine-error.ts";
import { encodeLine } from "#http/body/ndjson.ts";
import { json, type ApiRequest, type Reply } from "#http/route.ts";
import type { ApiVersion } from "#spec/api-version.ts";
import { statsView } from "../../views/container-stats.ts";
import { booleanOf } from "../../query.ts";
import type { ContainerQueries } from "./backend.ts";

/** A line a second, or one answer: of two samples a second apart, or of one alone. */
export async function containerStats(backend: Pick<ContainerQueries, "stats" | "followStats">, request: ApiRequest): Promise<Reply> {
  const { params, query, signal, apiVersion } = request;
  const reference = params["id"] ?? "";
  const oneSample = booleanOf(query, "one-shot");
  if (!booleanOf(query, "stream", true)) {
    return json(statsView(await backend.stats(reference, { oneSample }, signal), apiVersion));
  }
  if (oneSample) throw new EngineError("invalid", "cannot have stream=true and one-shot=true");
  const body = lines(backend.followStats(reference, signal), apiVersion);
  return { kind: "stream", status: 200, contentType: "application/json", body };
}

async function* lines(all: AsyncIterable<ContainerStats>, apiVersion: ApiVersion): AsyncGenerator<Uint8Array> {
  for await (const stats of all) yield encodeLine(statsView(stats, apiVersion));
}
