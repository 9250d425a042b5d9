import { EngineError, isEngineError } from "#errors/engine-error.ts";
import type { EndpointSettings } from "#spec/docker-api/types.ts";
import { endpointWishes } from "#spec/network/endpoint-wishes.ts";
import { attach } from "./attach.ts";
import type { NetworkContext } from "../context.ts";
import { detach } from "./detach.ts";
import { planEndpoint } from "./endpoint-plan.ts";
import type { ConnectableContainer, ContainerDirectory, FilesChange } from "../ports.ts";

export interface ConnectInput {
  readonly network: string;
  readonly container: string;
  readonly settings: EndpointSettings;
}

export interface DisconnectInput {
  readonly network: string;
  readonly container: string;
  readonly force: boolean;
}

/** Connects a container by any of its names: at once when it runs, and for its next starts. @throws EngineError */
export async function connectContainer(context: NetworkContext, containers: ContainerDirectory, input: ConnectInput): Promise<void> {
  const container = containers.find(input.container);
  if (container.networkMode.startsWith("container:")) {
    throw new EngineError(
      "invalid",
      "container sharing network namespace with another container or host cannot be connected to any other network",
    );
  }
  const network = context.registry.find(input.network);
  const settings = endpointWishes(input.settings);
  const files = filesOf(context, container.id);
  if (container.running) await attach(context, container.id, input.network, settings);
  else planEndpoint(network, settings);
  await containers.setEndpoint(container.id, network.name, settings, files());
}

/** @throws EngineError */
export async function disconnectContainer(context: NetworkContext, containers: ContainerDirectory, input: DisconnectInput): Promise<void> {
  const container = containers.find(input.container);
  const name = networkName(context, container, input);
  const files = filesOf(context, container.id);
  if (container.running && context.registry.named(name) !== undefined) await detach(context, container.id, name);
  else if (!container.networks.includes(name)) {
    throw new EngineError("conflict", `container ${container.id} is not connected to the network ${name}`);
  }
  await containers.setEndpoint(container.id, name, undefined, files());
}

/** Tells, when asked, what has become of the files of now. */
function filesOf({ sandboxes }: NetworkContext, containerId: string): () => FilesChange | undefined {
  const before = sandboxes.get(containerId)?.files;
  return () => {
    const after = sandboxes.get(containerId)?.files;
    return before === undefined || after === undefined || before === after ? undefined : { before, after };
  };
}

/** With `force`, a network that is gone can still be taken out of a container's record. */
function networkName({ registry }: NetworkContext, container: ConnectableContainer, input: { network: string; force: boolean }): string {
  try {
    return registry.find(input.network).name;
  } catch (error) {
    if (isEngineError(error, "not-found") && input.force && container.networks.includes(input.network)) return input.network;
    throw error;
  }
}
