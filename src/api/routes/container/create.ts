import { EngineError } from "#errors/engine-error.ts";
import { json, type ApiRequest, type Reply } from "#http/route.ts";
import { compareApiVersions, type ApiVersion } from "#spec/api-version.ts";
import type { ContainerConfig, ContainerCreateBody, EndpointSettings } from "#spec/docker-api/types.ts";
import { validate } from "#spec/docker-api/validate.ts";
import type { ContainerLifecycle } from "./backend.ts";
import { liftMacAddress, listsOfStrings } from "./old-create-shapes.ts";

/** Creates a container. */
export async function createContainer(backend: Pick<ContainerLifecycle, "create">, request: ApiRequest): Promise<Reply> {
  const body = await request.json();
  if (body === undefined) throw new EngineError("invalid", "invalid JSON: got EOF while reading request body");
  const checked = validate("ContainerCreateBody", liftMacAddress(listsOfStrings(body))) as ContainerCreateBody;
  const { HostConfig: hostConfig, NetworkingConfig: networking, ...config } = checked;
  if (Object.keys(config).length === 0) throw new EngineError("invalid", "config cannot be empty in order to create a container");
  const { id, warnings } = await backend.create({
    name: request.query.get("name") || undefined,
    config: config as ContainerConfig,
    hostConfig: hostConfig ?? {},
    endpoints: endpointsOf(networking?.EndpointsConfig),
    platform: request.query.get("platform") || undefined,
  });
  return json({ Id: id, Warnings: [...addressWarnings(body, request.apiVersion), ...warnings] }, 201);
}

const ENDPOINT_ADDRESSES_SINCE: ApiVersion = [1, 44];

function addressWarnings(body: unknown, apiVersion: ApiVersion): string[] {
  if (
    typeof body !== "object" ||
    body === null ||
    !("MacAddress" in body) ||
    !body.MacAddress ||
    compareApiVersions(apiVersion, ENDPOINT_ADDRESSES_SINCE) < 0
  )
    return [];
  return ["The container-wide MacAddress field is now deprecated. It should be specified in EndpointsConfig instead."];
}

/** A network may be named with `null` for its settings. */
function endpointsOf(given: Record<string, EndpointSettings | null> = {}): Record<string, EndpointSettings> {
  const endpoints = Object.create(null) as Record<string, EndpointSettings>;
  for (const [network, settings] of Object.entries(given)) endpoints[network] = settings ?? {};
  return endpoints;
}
