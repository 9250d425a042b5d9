import { EngineError } from "#errors/engine-error.ts";
import { type ApiRequest, json, noContent, type Reply, type Route } from "#http/route.ts";
import { parseFilters } from "#spec/filters/filters.ts";
import { volumeListFilterKeys } from "#spec/filters/volume.ts";
import { booleanOf } from "../../query.ts";
import { volumeView } from "../../views/volume.ts";
import type { VolumeBackend } from "./backend.ts";
import { createVolume } from "./create.ts";
import { pruneVolumes } from "./prune.ts";

/** Everything below /volumes. */
export function volumeRoutes(backend: VolumeBackend): Route[] {
  return [
    { method: "GET", path: "/volumes", handler: (request) => listVolumes(backend, request) },
    { method: "POST", path: "/volumes/create", handler: (request) => createVolume(backend, request) },
    { method: "POST", path: "/volumes/prune", handler: (request) => pruneVolumes(backend, request) },
    { method: "GET", path: "/volumes/:name", handler: async ({ params }) => json(volumeView(await backend.inspect(params["name"] ?? ""))) },
    { method: "PUT", path: "/volumes/:name", since: [1, 42], handler: () => Promise.reject(noClusterVolumes()) },
    { method: "DELETE", path: "/volumes/:name", handler: (request) => removeVolume(backend, request) },
  ];
}

/** Only volumes of a swarm can be changed. */
function noClusterVolumes(): EngineError {
  return new EngineError("unavailable", "volume update only valid for cluster volumes, but swarm is unavailable");
}

async function listVolumes(backend: VolumeBackend, { query }: ApiRequest): Promise<Reply> {
  const { volumes, warnings } = await backend.list(parseFilters(query.get("filters"), volumeListFilterKeys));
  return json({ Volumes: volumes.map(volumeView), Warnings: warnings });
}

async function removeVolume(backend: VolumeBackend, { params, query }: ApiRequest): Promise<Reply> {
  await backend.remove(params["name"] ?? "", { force: booleanOf(query, "force") });
  return noContent();
}
