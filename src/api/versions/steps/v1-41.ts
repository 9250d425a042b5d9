import type { VersionStep } from "../step.ts";

export const v1_41: VersionStep = {
  version: [1, 41],
  ignoredQuery: { "POST /containers/create": ["platform"], "GET /containers/{}/stats": ["one-shot"] },
};
