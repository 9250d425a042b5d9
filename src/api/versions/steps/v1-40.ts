import { within, withinEach, without } from "../json-object.ts";
import type { JsonObject, VersionStep } from "../step.ts";

export const v1_40: VersionStep = {
  version: [1, 40],
  body: { "POST /containers/create": (body) => within(body, "HostConfig", hostConfig), "POST /containers/{}/update": noPidsLimit },
};

/** Old clients count on an IPC namespace that other containers can join. */
function hostConfig(config: JsonObject): JsonObject {
  const ipc = config["IpcMode"] === undefined || config["IpcMode"] === "" ? { IpcMode: "shareable" } : {};
  return withinEach({ ...config, ...ipc }, "Mounts", (mount) =>
    within(mount, "BindOptions", (options) => without(options, "NonRecursive")),
  );
}

function noPidsLimit(body: JsonObject): JsonObject {
  return without(body, "PidsLimit");
}
