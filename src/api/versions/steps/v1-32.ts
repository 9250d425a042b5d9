import type { VersionStep } from "../step.ts";

export const v1_32: VersionStep = {
  version: [1, 32],
  ignoredQuery: { "POST /images/create": ["platform"] },
};
