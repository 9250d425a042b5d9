import { EngineError } from "#errors/engine-error.ts";
import type { HostConfig } from "#spec/docker-api/types.ts";
import type { CdiCatalogue } from "./catalogue.ts";
import { isCdiName } from "./spec-file.ts";

type DeviceRequest = NonNullable<HostConfig["DeviceRequests"]>[number];

/** Kinds that `--gpus` may mean, by the driver that is asked for; without one, the first that the host has. */
const GPU_KINDS: ReadonlyMap<string, string> = new Map([
  ["nvidia", "nvidia.com/gpu"],
  ["amd", "amd.com/gpu"],
]);

/**
 * The CDI names of what HostConfig.DeviceRequests asks for: `--device vendor.com/class=name`, and `--gpus`, which has no other way here.
 *
 * @throws EngineError `invalid` with Docker's texts.
 */
export function cdiNames(requests: readonly DeviceRequest[], catalogue: Pick<CdiCatalogue, "devices">): string[] {
  return requests.flatMap((request) => (request.Driver === "cdi" ? namedDevices(request) : gpuDevices(request, catalogue)));
}

function namedDevices({ Count = 0, DeviceIDs = [], Options = {} }: DeviceRequest): string[] {
  if (Count !== 0) throw new EngineError("invalid", "HostConfig.DeviceRequests: the driver cdi takes names, and no Count");
  if (Object.keys(Options).length > 0) throw new EngineError("invalid", "HostConfig.DeviceRequests: the driver cdi has no Options");
  const odd = DeviceIDs.find((name) => !isCdiName(name));
  if (odd !== undefined) throw new EngineError("invalid", `invalid CDI device name ${JSON.stringify(odd)}: vendor.com/class=name is meant`);
  return [...DeviceIDs];
}

function gpuDevices(request: DeviceRequest, { devices }: Pick<CdiCatalogue, "devices">): string[] {
  const { Count = 0, DeviceIDs = [], Options = {} } = request;
  const kind = gpuKind(request, new Set([...devices.keys()].map((name) => name.split("=")[0] ?? "")));
  if (kind === undefined) throw noDriver(request);
  if (Object.keys(Options).length > 0) throw new EngineError("invalid", "HostConfig.DeviceRequests: GPUs by CDI have no Options");
  if (DeviceIDs.length > 0 && Count !== 0) {
    throw new EngineError("invalid", "cannot set both Count and DeviceIDs on device request");
  }
  if (DeviceIDs.length > 0) return DeviceIDs.map((id) => `${kind}=${id}`);
  if (Count < 0) return [`${kind}=all`];
  return Array.from({ length: Count }, (_, index) => `${kind}=${index}`);
}

/** Every capability beside `gpu` (compute, utility …) is a part of what a specification brings. */
function gpuKind({ Driver = "", Capabilities = [] }: DeviceRequest, kinds: ReadonlySet<string>): string | undefined {
  if (!Capabilities.some((set) => set.includes("gpu")) && !GPU_KINDS.has(Driver)) return undefined;
  const asked = Driver === "" ? [...GPU_KINDS.values()] : [GPU_KINDS.get(Driver) ?? ""];
  return asked.find((kind) => kinds.has(kind));
}

function noDriver({ Driver = "", Capabilities = [] }: DeviceRequest): EngineError {
  const sets = Capabilities.map((set) => `[${set.join(" ")}]`).join(" ");
  return new EngineError("invalid", `could not select device driver "${Driver}" with capabilities: [${sets}]`);
}
