import { EngineError } from "#errors/engine-error.ts";
import { json, type ApiRequest, type Reply } from "#http/route.ts";
import type { ContainerUpdateBody } from "#spec/docker-api/types.ts";
import { validate } from "#spec/docker-api/validate.ts";
import type { PortChange } from "#spec/network/port-change.ts";
import { rateLabels, type RateChange } from "#spec/network/rate.ts";
import type { ContainerLifecycle } from "./backend.ts";

export async function updateContainer(backend: Pick<ContainerLifecycle, "update">, request: ApiRequest): Promise<Reply> {
  const body = (await request.json()) ?? {};
  const change = validate("ContainerUpdateBody", body) as ContainerUpdateBody;
  const { warnings } = await backend.update(request.params["id"] ?? "", change, { rate: rateChange(body), ports: portChange(body) });
  return json({ Warnings: warnings });
}

/** `NetworkRate`, a field of our own that Docker's clients do not send: `{"RateIn": "10mbit", "BurstIn": "64k", "RateOut": ""}`. */
function rateChange(body: unknown): RateChange | undefined {
  const given = typeof body === "object" && body !== null && "NetworkRate" in body ? body.NetworkRate : undefined;
  if (given === undefined || given === null) return undefined;
  if (typeof given !== "object" || Array.isArray(given)) throw new EngineError("invalid", "NetworkRate: expected an object");
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(rateLabels, name))
      throw new EngineError("invalid", `NetworkRate: unknown field ${JSON.stringify(name.slice(0, 64))}`);
    if (typeof value !== "string") throw new EngineError("invalid", `NetworkRate.${name}: expected a string`);
  }
  return given;
}

/** `Publish`, a field of our own: `{"Add": {"80/tcp": [{"HostPort": "8080"}]}, "Remove": {"81/tcp": [{}]}}`. */
function portChange(body: unknown): PortChange | undefined {
  const given = typeof body === "object" && body !== null && "Publish" in body ? body.Publish : undefined;
  if (given === undefined || given === null) return undefined;
  if (typeof given !== "object" || Array.isArray(given)) throw new EngineError("invalid", "Publish: expected an object");
  for (const [name, value] of Object.entries(given)) {
    if (name !== "Add" && name !== "Remove")
      throw new EngineError("invalid", `Publish: unknown field ${JSON.stringify(name.slice(0, 64))}`);
    validate("PortMap", value);
  }
  return given;
}
