import type { EndpointSettings } from "#spec/docker-api/types.ts";
import { isActive } from "../../record/container.ts";
import { type FilesChange, followFiles } from "./follow-files.ts";
import { relink, type LinkDeps } from "../../links/hosts.ts";

/** A container as the network noun sees it; structurally what network/ports.ts asks for. */
interface ConnectableContainer {
  readonly id: string;
  readonly running: boolean;
  readonly networkMode: string;
  /** Those of its record: what it is on at its next start. */
  readonly networks: readonly string[];
}

export interface NetworkDirectory {
  /** @throws EngineError `not-found`. */
  find(reference: string): ConnectableContainer;
  /** Changes the record; `undefined` takes a network out of it. @throws EngineError `not-found`. */
  setEndpoint(containerId: string, network: string, settings: EndpointSettings | undefined, files?: FilesChange): Promise<void>;
}

export function networkDirectory(deps: LinkDeps): NetworkDirectory {
  const { store } = deps;
  return {
    find(reference) {
      const { id, state, hostConfig, endpoints } = store.find(reference);
      return { id, running: isActive(state), networkMode: hostConfig.NetworkMode ?? "", networks: Object.keys(endpoints) };
    },
    async setEndpoint(containerId, network, settings, files) {
      const { [network]: _, ...others } = store.get(containerId).endpoints;
      const endpoints = settings === undefined ? others : { ...others, [network]: settings };
      const container = store.update(containerId, { endpoints });
      if (!isActive(container.state)) return;
      if (files !== undefined) await followFiles(deps, container, files);
      await relink(deps, container);
    },
  };
}
