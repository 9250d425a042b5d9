import { ifObject, without } from "../json-object.ts";
import type { VersionStep } from "../step.ts";

export const v1_52: VersionStep = {
  version: [1, 52],
  answer: { "GET /networks/{}": ifObject((network) => without(network, "Status")) },
};
