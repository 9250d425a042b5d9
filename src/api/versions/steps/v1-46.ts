import { eachObject, within, without } from "../json-object.ts";
import type { VersionStep } from "../step.ts";

export const v1_46: VersionStep = {
  version: [1, 46],
  answer: {
    "GET /containers/json": eachObject((container) => within(container, "HostConfig", (config) => without(config, "Annotations"))),
  },
};
