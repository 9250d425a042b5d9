import { ifObject, without } from "../json-object.ts";
import type { VersionStep } from "../step.ts";

export const v1_53: VersionStep = {
  version: [1, 53],
  answer: {
    "GET /info": ifObject((info) => without(info, "NRI")),
    "GET /images/{}/json": ifObject((image) => without(image, "Identity")),
  },
};
