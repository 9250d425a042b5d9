import { within, without } from "../json-object.ts";
import type { VersionStep } from "../step.ts";

export const v1_54: VersionStep = {
  version: [1, 54],
  body: { "POST /networks/{}/connect": (body) => within(body, "EndpointConfig", (endpoint) => without(endpoint, "MacAddress")) },
};
