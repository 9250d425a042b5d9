import { eachObject } from "../json-object.ts";
import type { VersionStep } from "../step.ts";

export const v1_51: VersionStep = {
  version: [1, 51],
  // How many containers use an image was not counted.
  answer: { "GET /images/json": eachObject((image) => ({ ...image, Containers: -1 })) },
};
