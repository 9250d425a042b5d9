import { readFile } from "node:fs/promises";
import { KeyedMutex } from "#lib/keyed-mutex.ts";
import { holdPort } from "#sys/host-port.ts";
import type { HostSurvey } from "#sys/netns/host-network.ts";
import type { NetworkContext } from "./context.ts";
import { Departures } from "./sandbox/departures.ts";
import { Drain } from "./sandbox/drain.ts";
import { Names } from "./dns/names.ts";
import { hostDriver, nullDriver } from "./drivers/bare.ts";
import { BridgeDriver } from "./drivers/bridge.ts";
import { Firewall } from "./firewall/firewall.ts";
import { HOST_FILES } from "./name-files/host-files.ts";
import { NetworkStore } from "./record/network-store.ts";
import type { NetworkDeps, NetworkOptions } from "./options.ts";
import { PortAllocator } from "./published/port-allocator.ts";
import { NetworkRegistry } from "./record/registry.ts";
import { SandboxTable } from "./sandbox/sandbox-table.ts";

/** Looks at the host and puts the parts together. */
export async function newContext(deps: NetworkDeps, options: NetworkOptions): Promise<NetworkContext> {
  const [survey, random] = await Promise.all([deps.host.survey(), localPortRange()]);
  return assemble(deps, options, survey, random);
}

function assemble(
  { database, host, events, logger }: NetworkDeps,
  options: NetworkOptions,
  survey: HostSurvey,
  random: { first: number; last: number },
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
    drivers: { bridge: new BridgeDriver({ links: host }, bridge), host: hostDriver, null: nullDriver },
    firewall: new Firewall({ rules: host, logger }, { table: instance.nftTable }),
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
      ipForward: options.ipForward ?? true,
    },
  };
}

const ETHERNET_MTU = 1500;

/** What fits through the host's way out: a container's larger packets would be lost where nobody tells it so (clouds, VPNs). */
function usualMtu({ routes, links }: HostSurvey): number {
  const out = routes.find(({ prefixLength }) => prefixLength === 0)?.index;
  return Math.min(ETHERNET_MTU, links.find(({ index }) => index === out)?.mtu ?? ETHERNET_MTU);
}

async function localPortRange(): Promise<{ first: number; last: number }> {
  const [first = 32_768, last = 60_999] = (await readFile("/proc/sys/net/ipv4/ip_local_port_range", "utf8"))
    .trim()
    .split(/\s+/)
    .map(Number);
  return { first, last };
}
