import { ifObject, without } from "../json-object.ts";
import type { JsonObject, VersionStep } from "../step.ts";

export const v1_52: VersionStep = {
  version: [1, 52],
  answer: {
    "GET /images/{}/json": ifObject(image),
    "GET /containers/{}/json": ifObject(container),
    "GET /networks/{}": ifObject((network) => without(network, "Status")),
  },
};

/** What is left out when it is empty was always there: clients in languages without optional fields rely on it. */
const CONFIG = { User: "", Env: null, Cmd: null, Volumes: null, WorkingDir: "", Entrypoint: null, OnBuild: null, Labels: null };

function image(body: JsonObject): JsonObject {
  const config = typeof body["Config"] === "object" ? body["Config"] : {};
  return { Parent: "", Comment: "", DockerVersion: "", Author: "", ...body, Config: { ...CONFIG, ...config } };
}

/** `Storage` says since what `GraphDriver` said before. */
function container(body: JsonObject): JsonObject {
  const storage = body["Storage"] as { RootFS?: { Snapshot?: { Name?: string } } } | undefined;
  const name = storage?.RootFS?.Snapshot?.Name;
  return name === undefined ? body : { GraphDriver: { Data: null, Name: name }, ...without(body, "Storage") };
}
