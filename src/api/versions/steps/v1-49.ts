import { ifObject, without } from "../json-object.ts";
import type { VersionStep } from "../step.ts";

export const v1_49: VersionStep = {
  version: [1, 49],
  answer: { "GET /info": ifObject((info) => without(info, "FirewallBackend")) },
};
