import { isIP } from "node:net";
import { EngineError } from "#errors/engine-error.ts";
import { type HostsEntry, hostsFile, ownEntry } from "./hosts-file.ts";
import type { NetworkRequest } from "./request.ts";
import { containerResolvConf, formatResolvConf, parseResolvConf } from "./resolv-conf.ts";
import type { HostFiles } from "./host-files.ts";

/** What the daemon's configuration says about names. */
export interface NameOptions {
  readonly dns: readonly string[];
  readonly dnsSearch: readonly string[];
  readonly dnsOptions: readonly string[];
  /** What `host-gateway` stands for; the default bridge's gateway without. */
  readonly hostGatewayIp: string | undefined;
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

/** The contents of a container's /etc/hosts and /etc/resolv.conf. */
export function containerFiles(
  request: NetworkRequest,
  network: { readonly addresses: readonly string[]; readonly host: HostFiles; readonly shared: boolean },
  options: NameOptions & { readonly hostGateway: string },
): { hosts: string; resolvConf: string } {
  const extra = parseExtraHosts(request.extraHosts, options.hostGateway);
  const wishes = {
    servers: orElse(request.dns, options.dns),
    search: orElse(request.dnsSearch, options.dnsSearch),
    options: orElse(request.dnsOptions, options.dnsOptions),
  };
  const asked = wishes.servers.length + wishes.search.length + wishes.options.length > 0;
  const resolvConf =
    network.shared && !asked
      ? network.host.resolvConf
      : formatResolvConf(containerResolvConf(parseResolvConf(network.host.resolvConf), wishes, { keepAll: network.shared }));
  if (network.shared) {
    return { resolvConf, hosts: network.host.hosts + extra.map(({ address, names }) => `${address}\t${names}\n`).join("") };
  }
  const hostname = request.hostname === "" ? request.containerId.slice(0, 12) : request.hostname;
  const own = network.addresses.map((address) => ownEntry(address, hostname, request.domainname));
  return { resolvConf, hosts: hostsFile(extra, own) };
}

function orElse(own: readonly string[], otherwise: readonly string[]): readonly string[] {
  return own.length > 0 ? own : otherwise;
}
