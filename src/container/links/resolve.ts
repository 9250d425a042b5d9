import { EngineError, messageOf } from "#errors/engine-error.ts";
import type { HostConfig } from "#spec/docker-api/types.ts";
import { parseLink } from "#spec/network/link.ts";
import type { Container } from "../record/container.ts";
import type { ContainerStore } from "../record/container-store.ts";
import { joinedContainer } from "../create/network-request.ts";
import { formatKeptLink, parseKeptLink, type Link } from "./link.ts";

/** The only network whose links come with variables, and need the other container to run. */
export const LEGACY_NETWORK = "bridge";

const HOST_NETWORK = "conflicting options: host type networking can't be used with links. This would result in undefined behavior";

/**
 * Finds the containers of HostConfig.Links, at creation.
 *
 * @returns the list as it is kept (link.ts).
 * @throws EngineError `invalid` with Docker's texts.
 */
export function resolveLinks(store: ContainerStore, { Links, NetworkMode }: HostConfig): string[] | undefined {
  if (Links === undefined || Links.length === 0) return Links;
  if (NetworkMode === "host") throw new EngineError("invalid", HOST_NETWORK);
  if (NetworkMode === "none") throw new EngineError("invalid", "conflicting options: a container without network can't be used with links");
  return Links.map((text) => {
    const { name, alias } = parseLink(text);
    const found = findLinked(store, name);
    if (found.hostConfig.NetworkMode === "host") throw new EngineError("invalid", HOST_NETWORK);
    return formatKeptLink({ id: found.id, name: found.name, alias });
  });
}

/** Who shares another's network is reached where that one is. */
function findLinked(store: ContainerStore, name: string): Container {
  try {
    let found = store.find(name);
    for (let owner = joinedContainer(found.hostConfig.NetworkMode); owner !== undefined;) {
      found = store.find(owner);
      owner = joinedContainer(found.hostConfig.NetworkMode);
    }
    return found;
  } catch (cause) {
    // 400 and not 404: clients take a 404 at a creation for a missing image (moby#39823).
    throw new EngineError("invalid", `could not get container for ${name}: ${messageOf(cause)}`, { cause });
  }
}

export function keptLinks({ hostConfig }: Pick<Container, "hostConfig">): Link[] {
  return (hostConfig.Links ?? []).map(parseKeptLink);
}

/** As an inspect shows them, with the names of today. */
export function shownLinks(store: ContainerStore, container: Container): string[] | undefined {
  if (container.hostConfig.Links === undefined) return undefined;
  return keptLinks(container).map((link) => `/${linkedBy(store, link)?.name ?? link.name}:/${container.name}/${link.alias}`);
}

/** By the container that is linked to: the names others have for it. Empty, nearly always. */
export function linkNames(store: ContainerStore): Map<string, string[]> {
  const names = new Map<string, string[]>();
  for (const container of store.all()) {
    for (const link of keptLinks(container)) {
      const id = linkedBy(store, link)?.id ?? "";
      names.set(id, [...(names.get(id) ?? []), `/${container.name}/${link.alias}`]);
    }
  }
  return names;
}

/** The container that is meant, or one that has taken its name since it was removed. */
export function linkedBy(store: ContainerStore, { id, name }: Link): Container | undefined {
  if (store.has(id)) return store.get(id);
  return findByName(store, name);
}

export function findByName(store: ContainerStore, name: string): Container | undefined {
  try {
    return store.find(name);
  } catch {
    return undefined;
  }
}
