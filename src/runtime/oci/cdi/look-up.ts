import type { HostConfig } from "#spec/docker-api/types.ts";
import type { Injection } from "../spec-input.ts";
import { editsFor, readCdiCatalogue } from "./catalogue.ts";
import { injectionOf } from "./inject.ts";
import { cdiNames } from "./requests.ts";
import type { CdiDeviceNode } from "./spec-file.ts";

/** What the devices bring along that HostConfig.DeviceRequests asks for: nodes, of which the host has the numbers, and all else. */
export interface RequestedDevices {
  readonly nodes: readonly CdiDeviceNode[];
  readonly injection: Injection;
}

/** @throws EngineError `invalid` with Docker's texts. */
export async function requestedDevices(
  requests: NonNullable<HostConfig["DeviceRequests"]>,
  folders: readonly string[],
): Promise<RequestedDevices> {
  const catalogue = await readCdiCatalogue(folders);
  const edits = editsFor(catalogue, cdiNames(requests, catalogue));
  return { nodes: edits.flatMap(({ deviceNodes }) => deviceNodes), injection: injectionOf(edits) };
}
