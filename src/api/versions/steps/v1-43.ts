import { within, without } from "../json-object.ts";
import type { VersionStep } from "../step.ts";

export const v1_43: VersionStep = {
  version: [1, 43],
  body: { "POST /containers/create": (body) => within(body, "HostConfig", (config) => without(config, "Annotations")) },
};
