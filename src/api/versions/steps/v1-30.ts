import type { VersionStep } from "../step.ts";

export const v1_30: VersionStep = {
  version: [1, 30],
  ignoredQuery: { "POST /containers/{}/wait": ["condition"] },
};
