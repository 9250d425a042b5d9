import { isIP } from "node:net";
import { EngineError } from "#errors/engine-error.ts";
import { type HostsEntry, hostsFile, ownEntry } from "../name-files/hosts-file.ts";
import type { HostFiles } from "../name-files/host-files.ts";
import { hasInterfaces, isPredefined, type Network } from "../record/network.ts";
import type { NetworkRequest } from "./request.ts";
import { containerResolvConf, EMBEDDED, formatResolvConf, parseResolvConf, throughNameServer } from "../name-files/resolv-conf.ts";
import type { SandboxNames } from "./sandbox.ts";

/** What the daemon's configuration says about names. */
export interface NameOptions {
  readonly dns: readonly string[];
  readonly dnsSearch: readonly string[];
  readonly dnsOptions: readonly string[];
  /** What `host-gateway` stands for; the default bridge's gateway without. */
  readonly hostGatewayIp: string | undefined;
  /** Whether containers have names on the default network. */
  readonly onDefaultNetwork: boolean;
}

const HOST_GATEWAY = "host-gateway";

/**
 * Reads `--add-host`: `name:address`, where the address may be `host-gateway`.
 *
 * @throws EngineError `invalid`.
 */
export function parseExtraHosts(extraHosts: readonly string[], hostGateway: string): HostsEntry[] {
  return extraHosts.map((text) => {
    const separator = text.indexOf(":");
    const names = text.slice(0, separator);
    if (separator <= 0 || /\s/.test(names)) throw new EngineError("invalid", `bad format for add-host: "${text}"`);
    const value = text.slice(separator + 1).replace(/^\[(.*)\]$/, "$1");
    const address = value === HOST_GATEWAY ? hostGateway : value;
    if (isIP(address) === 0) throw new EngineError("invalid", `invalid IP address in add-host: "${value}"`);
    return { address, names };
  });
}

/** What is known of a container's names before it has an address. @throws EngineError */
export function sandboxNames(
  request: NetworkRequest,
  networks: readonly Named[],
  options: NameOptions & { readonly hostGateway: string },
): SandboxNames {
  const onDefaultNetwork = options.onDefaultNetwork && request.namesOnDefaultNetwork;
  return {
    embedded: usesNameServer({ onDefaultNetwork }, networks),
    onDefaultNetwork,
    hostname: request.hostname === "" ? request.containerId.slice(0, 12) : request.hostname,
    domainname: request.domainname,
    servers: request.dns,
    search: orElse(request.dnsSearch, options.dnsSearch),
    options: orElse(request.dnsOptions, options.dnsOptions),
    extraHosts: parseExtraHosts(request.extraHosts, options.hostGateway),
  };
}

type Named = Pick<Network, "driver" | "name">;

/** Whether a container on these networks asks the embedded server. */
export function usesNameServer({ onDefaultNetwork }: Pick<SandboxNames, "onDefaultNetwork">, networks: readonly Named[]): boolean {
  return networks.some((network) => hasInterfaces(network) && (onDefaultNetwork || !isPredefined(network.name)));
}

interface FilesInput {
  readonly addresses: readonly string[];
  readonly host: HostFiles;
  /** The container shares the host's network. */
  readonly shared: boolean;
  /** Name servers of the daemon's configuration. */
  readonly servers: readonly string[];
}

/** The contents of a container's /etc/hosts and /etc/resolv.conf. */
export function containerFiles(
  names: SandboxNames,
  { addresses, host, shared, servers }: FilesInput,
): { hosts: string; resolvConf: string } {
  const resolvConf = resolvConfOf(names, host.resolvConf, { shared, servers });
  if (shared) {
    return { resolvConf, hosts: host.hosts + names.extraHosts.map((entry) => `${entry.address}\t${entry.names}\n`).join("") };
  }
  const own = addresses.map((address) => ownEntry(address, names.hostname, names.domainname));
  return { resolvConf, hosts: hostsFile(names.extraHosts, own) };
}

function resolvConfOf(names: SandboxNames, host: string, { shared, servers }: Pick<FilesInput, "shared" | "servers">): string {
  const wishes = { servers: orElse(names.servers, servers), search: names.search, options: names.options };
  const asked = wishes.servers.length + wishes.search.length + wishes.options.length > 0;
  if (shared && !asked) return host;
  const conf = containerResolvConf(parseResolvConf(host), wishes, { keepAll: shared });
  return names.embedded ? formatResolvConf(throughNameServer(conf), EMBEDDED) : formatResolvConf(conf);
}

function orElse(own: readonly string[], otherwise: readonly string[]): readonly string[] {
  return own.length > 0 ? own : otherwise;
}
