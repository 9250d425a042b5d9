import { readFile } from "node:fs/promises";
import { hostname } from "node:os";
import { KeyedMutex } from "#lib/keyed-mutex.ts";
import { holdPort } from "#sys/host/host-port.ts";
import type { HostSurvey } from "#sys/netns/host-network.ts";
import type { NetworkContext } from "./context.ts";
import { Departures } from "./sandbox/departures.ts";
import { Drain } from "./sandbox/drain.ts";
import { Names } from "./dns/names.ts";
import { hostDriver, nullDriver } from "./drivers/bare.ts";
import { BridgeDriver } from "./drivers/bridge.ts";
import { SharedDriver } from "./drivers/shared.ts";
import { uniqueLocalPool } from "./addresses/subnet-choice.ts";
import { parseCidr, formatAddress, formatSubnet, subnetAt } from "./addresses/ip.ts";
import { detourOf } from "./firewall/detour.ts";
import { Firewall } from "./firewall/firewall.ts";
import { HOST_FILES } from "./name-files/host-files.ts";
import { NetworkStore } from "./record/network-store.ts";
import type { NetworkDeps, NetworkOptions } from "./options.ts";
import { PortAllocator } from "./published/port-allocator.ts";
import { NetworkRegistry } from "./record/registry.ts";
import { SandboxTable } from "./sandbox/sandbox-table.ts";

/** Looks at the host and puts the parts together. */
export async function newContext(deps: NetworkDeps, options: NetworkOptions): Promise<NetworkContext> {
  const [survey, random, hostId] = await Promise.all([deps.host.survey(), localPortRange(), readHostId()]);
  return assemble(deps, options, { survey, random, hostId });
}

function assemble(
  { database, host, events, logger }: NetworkDeps,
  options: NetworkOptions,
  { survey, random, hostId }: { survey: HostSurvey; random: { first: number; last: number }; hostId: string },
): NetworkContext {
  const { instance } = options;
  const bridge = { instance, mtu: options.mtu ?? usualMtu(survey), hostIp: options.publishIp ?? "0.0.0.0" };
  const store = new NetworkStore({ database, logger });
  const [registry, sandboxes, hostFiles] = [new NetworkRegistry(store), new SandboxTable(store), options.hostFiles ?? HOST_FILES];
  const nameOptions = { servers: options.dns ?? [], resolvConf: hostFiles.resolvConf };
  return {
    host,
    events,
    logger,
    registry,
    sandboxes,
    names: new Names({ host, registry, sandboxes, logger }, nameOptions),
    drivers: {
      bridge: new BridgeDriver({ links: host }, bridge),
      host: hostDriver,
      null: nullDriver,
      macvlan: new SharedDriver({ links: host }, { kind: "macvlan", instance }),
      ipvlan: new SharedDriver({ links: host }, { kind: "ipvlan", instance }),
    },
    firewall: new Firewall(
      { rules: host, logger },
      { table: instance.nftTable, detour: detourOf(instance), hostDecides: options.hostFirewall ?? false },
    ),
    ports: new PortAllocator({ hold: holdPort }, { random }),
    departures: new Departures(logger),
    drain: new Drain({ links: host, logger }),
    locks: new KeyedMutex(),
    options: {
      instance,
      bridge,
      names: {
        dns: options.dns ?? [],
        dnsSearch: options.dnsSearch ?? [],
        dnsOptions: options.dnsOptions ?? [],
        hostGatewayIp: options.hostGatewayIp,
        onDefaultNetwork: options.namesOnDefaultNetwork ?? true,
      },
      hostFiles,
      bip: options.bip,
      addressPools: options.defaultAddressPools,
      uniqueLocal: () => uniqueLocalPool(hostId, instance.name),
      bridgeIpv6: bridgeIpv6Of(options),
      dualStack: options.ipv6 ?? survey.ipv6,
      networkOptions: options.networkOptions ?? {},
      ipForward: options.ipForward ?? true,
    },
  };
}

/** What is said of the default bridge's own address wins over what is said of its subnet. */
function bridgeIpv6Of({ ipv6, bip6 = "", fixedCidr6 }: NetworkOptions): NetworkContext["options"]["bridgeIpv6"] {
  if (ipv6 !== true) return undefined;
  const cidr = parseCidr(bip6);
  if (cidr === undefined) return { subnet: fixedCidr6, gateway: undefined };
  return { subnet: formatSubnet(subnetAt(cidr.address, cidr.prefixLength)), gateway: formatAddress(cidr.address) };
}

/** What stays the same as long as the system is not made anew; of a host without one, its name. */
async function readHostId(): Promise<string> {
  return await readFile("/etc/machine-id", "utf8").catch(() => hostname());
}

const ETHERNET_MTU = 1500;

/** What fits through the host's way out: a container's larger packets would be lost where nobody tells it so (clouds, VPNs). */
function usualMtu({ routes, links }: HostSurvey): number {
  const out = routes.find(({ destination, prefixLength }) => prefixLength === 0 && destination === "0.0.0.0")?.index;
  return Math.min(ETHERNET_MTU, links.find(({ index }) => index === out)?.mtu ?? ETHERNET_MTU);
}

async function localPortRange(): Promise<{ first: number; last: number }> {
  const [first = 32_768, last = 60_999] = (await readFile("/proc/sys/net/ipv4/ip_local_port_range", "utf8"))
    .trim()
    .split(/\s+/)
    .map(Number);
  return { first, last };
}
