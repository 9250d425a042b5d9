import { within, withinEach, without } from "../json-object.ts";
import type { JsonObject, VersionStep } from "../step.ts";

export const v1_42: VersionStep = {
  version: [1, 42],
  ignoredQuery: {
    "POST /containers/{}/stop": ["signal"],
    "POST /containers/{}/restart": ["signal"],
    "GET /images/json": ["shared-size"],
  },
  body: {
    "POST /containers/create": (body) => within(body, "HostConfig", hostConfig),
    "POST /containers/{}/exec": (body) => without(body, "ConsoleSize"),
    "POST /exec/{}/start": (body) => without(body, "ConsoleSize"),
  },
};

function hostConfig(config: JsonObject): JsonObject {
  return withinEach(without(config, "ConsoleSize"), "Mounts", mount);
}

/** Options of another type of mount were not refused but ignored. */
function mount(given: JsonObject): JsonObject {
  const foreign = [
    ...(given["Type"] === "volume" ? [] : ["VolumeOptions"]),
    ...(given["Type"] === "tmpfs" ? [] : ["TmpfsOptions"]),
    ...(given["Type"] === "bind" ? [] : ["BindOptions"]),
  ];
  return within(without(given, ...foreign), "BindOptions", (options) => without(options, "CreateMountpoint"));
}
