import type { EndpointSettings } from "#spec/docker-api/types.ts";
import type { Sandbox } from "./sandbox/sandbox.ts";

/** What the network noun needs of containers, to connect and disconnect those that do not run. `daemon/wire.ts` hands over what fits. */
export interface ContainerDirectory {
  /** By name, id or prefix of an id. @throws EngineError `not-found` with Docker's text. */
  find(reference: string): ConnectableContainer;
  /** Records on which networks the container is to be at its next start; `undefined` takes one away. */
  setEndpoint(containerId: string, network: string, settings: EndpointSettings | undefined, files?: FilesChange): Promise<void>;
}

/** How the name files of a running container's sandbox have changed. */
export interface FilesChange {
  readonly before: Sandbox["files"];
  readonly after: Sandbox["files"];
}

export interface ConnectableContainer {
  readonly id: string;
  readonly running: boolean;
  /** HostConfig.NetworkMode. */
  readonly networkMode: string;
  /** Names of the networks in its record. */
  readonly networks: readonly string[];
}
