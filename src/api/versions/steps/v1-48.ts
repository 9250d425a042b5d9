import { EngineError } from "#errors/engine-error.ts";
import { mapObjects, within, withinEach, without } from "../json-object.ts";
import type { JsonObject, VersionStep } from "../step.ts";

export const v1_48: VersionStep = {
  version: [1, 48],
  body: { "POST /containers/create": create, "POST /networks/create": (body) => without(body, "EnableIPv4") },
};

function create(body: JsonObject): JsonObject {
  const lifted = within(body, "NetworkingConfig", (networking) =>
    within(networking, "EndpointsConfig", (endpoints) => mapObjects(endpoints, (endpoint) => without(endpoint, "GwPriority"))),
  );
  return within(lifted, "HostConfig", (config) => withinEach(config, "Mounts", mount));
}

function mount(given: JsonObject): JsonObject {
  if (given["Type"] === "image") throw new EngineError("invalid", 'Mount type "Image" needs API v1.48 or newer');
  return given;
}
