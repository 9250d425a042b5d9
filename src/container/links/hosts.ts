import type { EndpointSettings } from "#spec/docker-api/types.ts";
import { parseLink } from "#spec/network/link.ts";
import type { Container } from "../record/container.ts";
import type { ContainerContext } from "../deps.ts";
import { networkModeOf } from "../create/network-request.ts";
import { rewriteInPlace } from "../run/name-files/rewrite-in-place.ts";
import { containerPaths } from "../record/paths.ts";
import { findByName, keptLinks, LEGACY_NETWORK, linkedBy } from "./resolve.ts";

export type LinkDeps = Pick<ContainerContext, "store" | "networks" | "options" | "locks">;

/** A line of a hosts file: who it is, and what it is called. */
interface LinkedHost {
  readonly container: Container;
  readonly address: string;
  readonly names: string;
}

/** Most containers have none, and pay for a look alone. */
export function hasLinks({ hostConfig, endpoints }: Pick<Container, "hostConfig" | "endpoints">): boolean {
  if (hostConfig.Links !== undefined && hostConfig.Links.length > 0) return true;
  for (const network in endpoints) if ((endpoints[network]?.Links ?? []).length > 0) return true;
  return false;
}

/** The linked containers that have an address now, by the names they have in `container`. */
function linkedHosts(deps: Pick<LinkDeps, "store" | "networks">, container: Container): LinkedHost[] {
  const { store, networks } = deps;
  const hosts: LinkedHost[] = [];
  const add = (linked: Container | undefined, network: string, names: string): void => {
    const address = linked && networks.sandboxOf(linked.id)?.endpoints[network]?.IPAddress;
    if (linked !== undefined && address) hosts.push({ container: linked, address, names });
  };
  const mode = networkModeOf(container.hostConfig.NetworkMode);
  for (const link of keptLinks(container)) {
    const linked = linkedBy(store, link);
    if (linked !== undefined) add(linked, mode, mode === LEGACY_NETWORK ? legacyNames(link.alias, linked) : link.alias);
  }
  for (const [network, { Links = [] }] of Object.entries(container.endpoints) as [string, EndpointSettings][]) {
    for (const { name, alias } of Links.map(parseLink)) add(findByName(store, name), network, alias);
  }
  return hosts;
}

/** Alias, host name and name, as Docker writes them on the default bridge. */
function legacyNames(alias: string, { name, config }: Container): string {
  return [...new Set([alias, config.Hostname ?? "", name])].filter((text) => text !== "").join(" ");
}

/**
 * Writes a container's own files of a run, its links in the hosts file. The addresses are looked up when the file's turn has come: one that
 * changes later finds the file written.
 */
export async function withLinkedHosts(
  deps: LinkDeps,
  container: Container,
  hosts: string,
  write: (hosts: string) => Promise<void>,
): Promise<void> {
  if (!hasLinks(container)) return await write(hosts);
  await deps.locks.run(hostsLock(container), async () => await write(withLines(hosts, linkedHosts(deps, container))));
}

/** Tells everybody who is linked to a container that it has a new address, before it runs. */
export async function refreshLinkedHosts(deps: LinkDeps, { id }: Container): Promise<void> {
  const linking = [...deps.store.all()].filter(
    (other) => hasLinks(other) && other.id !== id && deps.networks.sandboxOf(other.id) !== undefined,
  );
  for (const other of linking) {
    const lines = linkedHosts(deps, other).filter(({ container }) => container.id === id);
    if (lines.length > 0) await rewriteHosts(deps, other, lines);
  }
}

/** After a running container has come to a network, or left one: its own links, and those of others to it. */
export async function relink(deps: LinkDeps, container: Container): Promise<void> {
  const lines = hasLinks(container) ? linkedHosts(deps, container) : [];
  if (lines.length > 0) await rewriteHosts(deps, container, lines);
  await refreshLinkedHosts(deps, container);
}

async function rewriteHosts(deps: LinkDeps, container: Container, lines: readonly LinkedHost[]): Promise<void> {
  await rewriteHostsFile(deps, container, (text) => withLines(text, lines));
}

/** Changes a running container's hosts file, one change after the other. */
export async function rewriteHostsFile(
  deps: Pick<LinkDeps, "options" | "locks">,
  container: Container,
  change: (text: string) => string,
): Promise<void> {
  const { hosts } = containerPaths(deps.options.instance, container.id);
  await deps.locks.run(hostsLock(container), async () => await rewriteInPlace(hosts, change));
}

const hostsLock = ({ id }: Container): string => `hosts ${id}`;

/** Puts each line in the place of one for the same names, else at the end. Pure. */
export function withLines(hosts: string, linked: readonly Pick<LinkedHost, "address" | "names">[]): string {
  const rest = hosts.split("\n").filter((line) => !linked.some(({ names }) => line.split("\t")[1] === names));
  const text = rest.join("\n");
  const end = text === "" || text.endsWith("\n") ? "" : "\n";
  return text + end + linked.map(({ address, names }) => `${address}\t${names}\n`).join("");
}
