import { type ApiRequest, json, noContent, type Reply, type Route } from "#http/route.ts";
import type { NetworkConnectRequest, NetworkCreateBody, NetworkDisconnectRequest } from "#spec/docker-api/types.ts";
import { validate } from "#spec/docker-api/validate.ts";
import { parseFilters } from "#spec/filters/filters.ts";
import { networkListFilterKeys } from "#spec/filters/network.ts";
import { networkInspect, networkSummary } from "../../views/network.ts";
import type { NetworkBackend } from "./backend.ts";
import { pruneNetworks } from "./prune.ts";

/** Everything below /networks, and an endpoint of Dhow's own. */
export function networkRoutes(backend: NetworkBackend): Route[] {
  return [
    { method: "GET", path: "/networks", handler: (request) => listNetworks(backend, request) },
    { method: "POST", path: "/networks/create", handler: (request) => createNetwork(backend, request) },
    { method: "POST", path: "/networks/prune", handler: (request) => pruneNetworks(backend, request) },
    { method: "GET", path: "/networks/:id", handler: async ({ params }) => json(networkInspect(backend.inspect(params["id"] ?? ""))) },
    { method: "DELETE", path: "/networks/:id", handler: (request) => removeNetwork(backend, request) },
    { method: "POST", path: "/networks/:id/connect", handler: (request) => connect(backend, request) },
    { method: "POST", path: "/networks/:id/disconnect", handler: (request) => disconnect(backend, request) },
    { method: "GET", path: "/containers/:id/dns", handler: (request) => traceName(backend, request) },
  ];
}

async function listNetworks(backend: NetworkBackend, { query }: ApiRequest): Promise<Reply> {
  return json(backend.list(parseFilters(query.get("filters"), networkListFilterKeys)).map(networkSummary));
}

async function createNetwork(backend: NetworkBackend, request: ApiRequest): Promise<Reply> {
  const body = validate("NetworkCreateBody", await request.json()) as NetworkCreateBody | undefined;
  const { id } = await backend.create(body ?? {});
  return json({ Id: id, Warning: "" }, 201);
}

async function removeNetwork(backend: NetworkBackend, { params }: ApiRequest): Promise<Reply> {
  await backend.remove(params["id"] ?? "");
  return noContent();
}

const done: Reply = { kind: "empty", status: 200 };

async function connect(backend: NetworkBackend, request: ApiRequest): Promise<Reply> {
  const body = validate("NetworkConnectRequest", await request.json()) as NetworkConnectRequest | undefined;
  await backend.connect({
    network: request.params["id"] ?? "",
    container: body?.Container ?? "",
    settings: body?.EndpointConfig ?? {},
  });
  return done;
}

async function disconnect(backend: NetworkBackend, request: ApiRequest): Promise<Reply> {
  const body = validate("NetworkDisconnectRequest", await request.json()) as NetworkDisconnectRequest | undefined;
  await backend.disconnect({
    network: request.params["id"] ?? "",
    container: body?.Container ?? "",
    force: body?.Force ?? false,
  });
  return done;
}

/** `name`, and `type` for another record than A. */
async function traceName(backend: NetworkBackend, { params, query }: ApiRequest): Promise<Reply> {
  return json(
    await backend.traceName({ container: params["id"] ?? "", name: query.get("name") ?? "", type: query.get("type") || undefined }),
  );
}
