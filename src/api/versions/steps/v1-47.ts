import { ifObject, within } from "../json-object.ts";
import type { VersionStep } from "../step.ts";

export const v1_47: VersionStep = {
  version: [1, 47],
  answer: {
    "GET /info": ifObject((info) =>
      within(info, "RegistryConfig", (config) => ({
        ...config,
        AllowNondistributableArtifactsCIDRs: null,
        AllowNondistributableArtifactsHostnames: null,
      })),
    ),
  },
};
