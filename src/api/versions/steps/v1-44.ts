import { EngineError } from "#errors/engine-error.ts";
import { isObject, mapObjects, within, withinEach, without } from "../json-object.ts";
import type { JsonObject, VersionStep } from "../step.ts";

export const v1_44: VersionStep = {
  version: [1, 44],
  body: { "POST /containers/create": create },
};

function create(body: JsonObject): JsonObject {
  const lifted = within(body, "Healthcheck", (check) => without(check, "StartInterval"));
  return within(within(lifted, "HostConfig", hostConfig), "NetworkingConfig", (networking) =>
    within(networking, "EndpointsConfig", endpointsConfig),
  );
}

/** A read-only mount was not read-only in what is mounted below it; asking for that in vain would be a false safety. */
function hostConfig(config: JsonObject): JsonObject {
  return withinEach(config, "Mounts", (mount) => {
    if (mount["Type"] !== "bind") return mount;
    const options = isObject(mount["BindOptions"]) ? mount["BindOptions"] : {};
    if (options["ReadOnlyForceRecursive"] === true) {
      throw new EngineError("invalid", "BindOptions.ReadOnlyForceRecursive needs API v1.44 or newer");
    }
    return mount["ReadOnly"] === true ? { ...mount, BindOptions: { ...options, ReadOnlyNonRecursive: true } } : mount;
  });
}

/** One network at most; the address of an endpoint was ignored, that of the container is the handler's to hand on. */
function endpointsConfig(endpoints: JsonObject): JsonObject {
  const names = Object.keys(endpoints);
  if (names.length > 1) {
    throw new EngineError("invalid", `Container cannot be created with multiple network endpoints: ${names.join(", ")}`);
  }
  return mapObjects(endpoints, (endpoint) => without(endpoint, "MacAddress"));
}
