import { EngineError } from "#errors/engine-error.ts";
import { type ApiRequest, json, type Reply } from "#http/route.ts";
import type { VolumeCreateRequest } from "#spec/docker-api/types.ts";
import { validate } from "#spec/docker-api/validate.ts";
import { volumeView } from "../../views/volume.ts";
import type { VolumeBackend } from "./backend.ts";

/** An empty body, or none, asks for a volume without a name. */
export async function createVolume(backend: Pick<VolumeBackend, "create">, request: ApiRequest): Promise<Reply> {
  const body = (validate("VolumeCreateRequest", await request.json()) ?? {}) as VolumeCreateRequest;
  if (body.ClusterVolumeSpec !== undefined) {
    throw new EngineError(
      "unavailable",
      'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.',
    );
  }
  const volume = await backend.create({
    name: (body.Name ?? "") === "" ? undefined : body.Name,
    driver: body.Driver ?? "",
    driverOptions: body.DriverOpts ?? {},
    labels: body.Labels ?? {},
  });
  return json(volumeView(volume), 201);
}
