import type { Container } from "../record/container.ts";
import type { ContainerContext } from "../deps.ts";
import { shownLinks } from "../links/resolve.ts";
import type { Health } from "../health/health.ts";
import { containerPaths, type ContainerPaths } from "../record/paths.ts";
import { joinedContainer } from "../create/network-request.ts";
import type { NetworkSandbox } from "../ports.ts";
import { containerSizes, type ContainerSizes, type SizeDeps } from "./sizes.ts";

export interface InspectedContainer {
  readonly container: Container;
  readonly sandbox: NetworkSandbox | undefined;
  /** Undefined without a check, and before the first start. */
  readonly health: Health | undefined;
  readonly sizes: ContainerSizes | undefined;
  readonly paths: ContainerPaths;
  /** Docker's name of the storage driver. */
  readonly driver: string;
  /** HostConfig.Links as it is shown: `/db:/web/alias`. */
  readonly links: readonly string[] | undefined;
  /** Of AppArmor, or `unconfined`; undefined where the kernel has none loaded. */
  readonly apparmorProfile: string | undefined;
  /** Of those that run. */
  readonly execIds: readonly string[];
}

export type InspectDeps = SizeDeps &
  Pick<ContainerContext, "store" | "networks" | "options" | "health" | "sandbox"> & { execIds(containerId: string): readonly string[] };

/** @throws EngineError `not-found`. */
export async function inspectContainer(deps: InspectDeps, reference: string, size: boolean): Promise<InspectedContainer> {
  const container = deps.store.find(reference);
  const sizes = size ? await containerSizes(deps, container) : undefined;
  const joined = joinedContainer(container.hostConfig.NetworkMode);
  const filesOf = joined !== undefined && deps.store.has(joined) ? joined : container.id;
  const { hosts, hostname, resolvConf } = containerPaths(deps.options.instance, filesOf);
  return {
    container,
    sandbox: deps.networks.sandboxOf(container.id),
    health: deps.health.of(container.id),
    sizes,
    paths: { ...containerPaths(deps.options.instance, container.id), hosts, hostname, resolvConf },
    driver: deps.snapshots.name,
    links: shownLinks(deps.store, container),
    apparmorProfile: deps.sandbox.apparmorProfile(container.hostConfig, deps.options.defaults),
    execIds: deps.execIds(container.id),
  };
}
