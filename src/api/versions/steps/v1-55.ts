import { without } from "../json-object.ts";
import type { VersionStep } from "../step.ts";

const DEVICE_LIMITS = ["BlkioWeightDevice", "BlkioDeviceReadBps", "BlkioDeviceWriteBps", "BlkioDeviceReadIOps", "BlkioDeviceWriteIOps"];

export const v1_55: VersionStep = {
  version: [1, 55],
  body: { "POST /containers/{}/update": (body) => without(body, ...DEVICE_LIMITS) },
};
