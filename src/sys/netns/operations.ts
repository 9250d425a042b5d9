import { readFileSync } from "node:fs";
import { dumpAddresses, dumpRoutes, parseAddress, parseRoute } from "../netlink/address.ts";
import { forgetAddress, forgetPort } from "../netlink/conntrack.ts";
import { deleteLink, dumpLinks, parseLink, setLinkUp } from "../netlink/link.ts";
import { getGeneration, getInetTable, parseGeneration } from "../netlink/nftables.ts";
import { NETLINK_NETFILTER, NETLINK_ROUTE, NetlinkSocket } from "../netlink/socket.ts";
import { Nftables } from "../nft/nftables.ts";
import { runLegacyIptables } from "../nft/legacy-iptables.ts";
import { limitInterface } from "./limit-interface.ts";
import { attachInterface, attachShared, detachInterface, ensureBridge, ensureDetour, ensureParent } from "./interfaces.ts";
import type { HostNetwork, HostSurvey } from "./host-network.ts";
import { openNameServer, openSocketIn } from "./name-server-sockets.ts";
import { createNamespace, removeNamespace } from "./namespace.ts";
import { forwardIpv6, speaksIpv6, writeSysctls } from "./sysctls.ts";
import { unless } from "./unless.ts";

/** The same calls, done here and now: the network worker's side. */
export type Operations = {
  readonly [Name in keyof HostNetwork]: (...parameters: Parameters<HostNetwork[Name]>) => Awaited<ReturnType<HostNetwork[Name]>>;
};

const LOOPBACK = 1;
const IPPROTO_UDP = 17;

/** Opens the sockets of this thread's namespace, which is the host from now on. */
export function openOperations(): Operations {
  const route = NetlinkSocket.open(NETLINK_ROUTE);
  const netfilter = NetlinkSocket.open(NETLINK_NETFILTER);
  // At once, while descriptors are few: see there.
  let rules = openNftables();
  const nftables = (): Nftables => (rules ??= Nftables.open());
  return {
    createNamespace: (path, sysctls, existing) =>
      createNamespace(
        path,
        () => {
          writeSysctls(sysctls);
          using inside = NetlinkSocket.open(NETLINK_ROUTE);
          inside.request("loopback", setLinkUp(LOOPBACK));
        },
        existing,
      ),
    removeNamespace,
    ensureBridge: (bridge) => ensureBridge(route, bridge),
    ensureParent: (parent) => ensureParent(route, parent),
    ensureDetour: (detour) => ensureDetour(route, detour),
    interfaces: () => interfaces(route),
    attachInterface: (link) => attachInterface(route, link),
    attachShared: (link) => attachShared(route, link),
    detachInterface,
    limitInterface: (limits) => limitInterface(route, limits),
    removeLink: (name) => unless("ENODEV", () => route.request(`link ${name}`, deleteLink(name))),
    survey: () => survey(route),
    forgetConnections: ({ addresses = [], udpPorts = [] }) => {
      const messages = [...addresses.flatMap(forgetAddress), ...udpPorts.flatMap((port) => forgetPort(IPPROTO_UDP, port))];
      // One by one: a flow that is not there answers ENOENT.
      for (const message of messages) unless("ENOENT", () => netfilter.request("connections", message));
    },
    writeSysctls,
    forwardIpv6,
    applyRules: (script) => nftables().apply(script),
    listRules: (command) => nftables().list(command),
    runLegacyIptables,
    openNameServer,
    openSocketIn,
    rulesState: (table) => ({
      generation: parseGeneration(netfilter.query("nftables", getGeneration())),
      present: unless("ENOENT", () => netfilter.query(`table ${table}`, getInetTable(table))) !== undefined,
    }),
  };
}

function interfaces(socket: NetlinkSocket): Map<string, string | undefined> {
  const links = socket.dump("links", dumpLinks()).map(parseLink);
  const names = new Map(links.map(({ index, name }) => [index, name]));
  return new Map(links.map(({ name, master }) => [name, master === undefined ? undefined : names.get(master)]));
}

/** Undefined where the library is missing: whoever needs it is told so. */
function openNftables(): Nftables | undefined {
  try {
    return Nftables.open();
  } catch {
    return undefined;
  }
}

function survey(socket: NetlinkSocket): HostSurvey {
  return {
    forwarding: readFileSync("/proc/sys/net/ipv4/ip_forward", "latin1").trim() === "1",
    ipv6: speaksIpv6(),
    links: socket.dump("links", dumpLinks()).map(parseLink),
    addresses: socket.dump("addresses", dumpAddresses()).flatMap((payload) => parseAddress(payload) ?? []),
    routes: socket.dump("routes", dumpRoutes()).flatMap((payload) => parseRoute(payload) ?? []),
  };
}
