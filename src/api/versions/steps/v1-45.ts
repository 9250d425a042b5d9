import { EngineError } from "#errors/engine-error.ts";
import { ifObject, isObject, mapObjects, within, withinEach } from "../json-object.ts";
import type { JsonObject, VersionStep } from "../step.ts";

export const v1_45: VersionStep = {
  version: [1, 45],
  body: { "POST /containers/create": (body) => within(body, "HostConfig", (config) => withinEach(config, "Mounts", mount)) },
  answer: { "GET /containers/{}/json": ifObject(container) },
};

/** Ignoring it would mount the whole volume. */
function mount(given: JsonObject): JsonObject {
  const options = given["VolumeOptions"];
  if (isObject(options) && (options["Subpath"] ?? "") !== "") {
    throw new EngineError("invalid", "VolumeOptions.Subpath needs API v1.45 or newer");
  }
  return given;
}

/** Networks that have no names of containers. */
const NAMELESS = new Set(["bridge", "default", "host", "none"]);
const SHORT_ID = 12;

/** On networks of the user's own, the aliases included the names that every container has there. */
function container(body: JsonObject): JsonObject {
  const own = [
    typeof body["Id"] === "string" ? body["Id"].slice(0, SHORT_ID) : "",
    isObject(body["Config"]) ? body["Config"]["Hostname"] : undefined,
  ];
  return within(body, "NetworkSettings", (settings) =>
    within(settings, "Networks", (networks) =>
      mapObjects(networks, (endpoint, name) =>
        NAMELESS.has(name) ? endpoint : { ...endpoint, Aliases: aliases(endpoint["Aliases"], own) },
      ),
    ),
  );
}

function aliases(given: unknown, own: readonly unknown[]): unknown[] {
  const present = own.filter((name) => typeof name === "string" && name !== "");
  return [...new Set([...(Array.isArray(given) ? (given as unknown[]) : []), ...present])];
}
