import type { NetworkBackend } from "#api/routes/network/backend.ts";
import type { ContainerDirectory } from "#network/ports.ts";
import { createNetworkService } from "#network/service.ts";
import type { NounParts } from "./nouns.ts";

/** The networks, over the thread that speaks to the kernel for them. */
export async function wireNetworks({ config, database, events, logger, networkWorker: host }: NounParts) {
  const { instance, network } = config.current;
  const networks = await createNetworkService(
    { database, host, events, logger: logger.child({ noun: "network" }) },
    {
      instance,
      bip: network.bip,
      ipv6: network.ipv6,
      bip6: network.bip6,
      fixedCidr6: network.fixedCidr6,
      networkOptions: network.networkOptions,
      // Without any, the network noun has its own.
      defaultAddressPools: network.addressPools.length === 0 ? undefined : network.addressPools,
      mtu: network.mtu,
      publishIp: network.publishAddress,
      dns: network.dns,
      dnsSearch: network.dnsSearch,
      dnsOptions: network.dnsOptions,
      hostFirewall: network.hostFirewall,
      namesOnDefaultNetwork: network.namesOnDefaultNetwork,
    },
  );
  const backend = (containers: ContainerDirectory): NetworkBackend => ({
    list: (filters) => networks.list(filters),
    inspect: (reference) => networks.inspect(reference),
    create: (body) => networks.create(body),
    remove: (reference) => networks.remove(reference),
    prune: (filters, before, signal) => networks.prune(filters, before, signal),
    connect: (input) => networks.connectContainer(containers, input),
    disconnect: (input) => networks.disconnectContainer(containers, input),
    traceName: (input) => networks.traceName(containers, input),
  });
  return { networks, backend };
}
