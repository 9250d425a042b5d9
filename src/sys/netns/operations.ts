import { readFileSync, writeFileSync } from "node:fs";
import { SystemCallError } from "#sys/ffi.ts";
import { addAddress, addDefaultRoute, dumpAddresses, dumpRoutes, parseAddress, parseRoute } from "../netlink/address.ts";
import { forgetAddress, forgetPort } from "../netlink/conntrack.ts";
import {
  createBridge,
  createVethPair,
  deleteLink,
  dumpLinks,
  getLink,
  type Link,
  parseLink,
  setLinkUp,
  setPortUp,
} from "../netlink/link.ts";
import { getGeneration, getInetTable, parseGeneration } from "../netlink/nftables.ts";
import { NETLINK_NETFILTER, NETLINK_ROUTE, NetlinkSocket } from "../netlink/socket.ts";
import { Nftables } from "../nft/nftables.ts";
import { runLegacyIptables } from "../nft/legacy-iptables.ts";
import { limitInterface } from "./limit-interface.ts";
import type { BridgeLink, ContainerLink, HostNetwork, HostSurvey, Sysctls } from "./host-network.ts";
import { openNameServer, openSocketIn } from "./name-server-sockets.ts";
import { createNamespace, inNamespace, removeNamespace, withNamespaceFile } from "./namespace.ts";

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
    attachInterface: (link) => attachInterface(route, link),
    limitInterface: (limits) => limitInterface(route, limits),
    removeLink: (name) => unless("ENODEV", () => route.request(`link ${name}`, deleteLink(name))),
    survey: () => survey(route),
    forgetConnections: ({ addresses = [], udpPorts = [] }) => {
      const messages = [...addresses.flatMap(forgetAddress), ...udpPorts.map((port) => forgetPort(IPPROTO_UDP, port))];
      // One by one: a flow that is not there answers ENOENT.
      for (const message of messages) unless("ENOENT", () => netfilter.request("connections", message));
    },
    writeSysctls,
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

/** Undefined where the library is missing: whoever needs it is told so. */
function openNftables(): Nftables | undefined {
  try {
    return Nftables.open();
  } catch {
    return undefined;
  }
}

/** Does `work`; undefined when it fails with that one code. */
function unless<T>(code: string, work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof SystemCallError && error.code === code) return undefined;
    throw error;
  }
}

function writeSysctls(sysctls: Sysctls): void {
  for (const [name, value] of Object.entries(sysctls)) writeSysctl(name, value);
}

/** A kernel that was started without IPv6 has none of its switches. */
function writeSysctl(name: string, value: string): void {
  try {
    writeFileSync(`/proc/sys/${name}`, value);
  } catch (error) {
    if (!(name.startsWith("net/ipv6/") && (error as NodeJS.ErrnoException).code === "ENOENT")) throw error;
  }
}

function findLink(socket: NetlinkSocket, name: string): Link | undefined {
  const payload = unless("ENODEV", () => socket.query(`link ${name}`, getLink(name)));
  return payload === undefined ? undefined : parseLink(payload);
}

function linkNamed(socket: NetlinkSocket, name: string): Link {
  return parseLink(socket.query(`link ${name}`, getLink(name)));
}

function ensureBridge(socket: NetlinkSocket, bridge: BridgeLink): void {
  const what = `bridge ${bridge.name}`;
  const existing = findLink(socket, bridge.name);
  if (existing === undefined) socket.request(what, createBridge(bridge));
  else if (existing.kind !== "bridge") throw new SystemCallError("netlink", EEXIST, `${what}: an interface of that name is no bridge`);
  // Before it comes up: no router advertisement is heard, no link-local address made.
  writeSysctls(bridge.sysctls);
  const { index } = existing ?? linkNamed(socket, bridge.name);
  socket.request(what, addAddress({ index, ...bridge }), setLinkUp(index));
}

const EEXIST = 17;

function attachInterface(socket: NetlinkSocket, link: ContainerLink): void {
  withNamespaceFile(link.namespace, (namespace) => {
    const bridge = linkNamed(socket, link.bridge).index;
    const what = `interface ${link.hostName}`;
    unless("EEXIST", () => socket.request(what, createVethPair({ ...link, bridge, namespace, peerName: link.name, peerMac: link.mac })));
    // The host's end gets no IPv6 of its own: nobody talks to it, and it would only make noise on the bridge.
    writeSysctls({ [`net/ipv6/conf/${link.hostName}/disable_ipv6`]: "1" });
    socket.request(what, setPortUp(link.hostName, { hairpin: bridgesAreFiltered() }));
    using inside = inNamespace(namespace, () => NetlinkSocket.open(NETLINK_ROUTE));
    configure(inside, link);
    // /proc/sys/net shows the namespace of the thread that looks.
    if (link.sysctls !== undefined) inNamespace(namespace, () => writeSysctls(link.sysctls ?? {}));
  });
}

/**
 * Whether bridged packets pass the host's IP rules (br_netfilter, which Docker and Kubernetes load). Then a container that uses a
 * published port of its own is translated within the bridge already, and the bridge has to send the frame back to its port.
 */
function bridgesAreFiltered(): boolean {
  try {
    return readFileSync("/proc/sys/net/bridge/bridge-nf-call-iptables", "latin1").trim() === "1";
  } catch {
    return false;
  }
}

/** The container's end, over a socket that was opened inside: the thread itself is back on the host already. */
function configure(inside: NetlinkSocket, link: ContainerLink): void {
  const { index } = linkNamed(inside, link.name);
  const steps = [setLinkUp(index), addAddress({ index, ...link })];
  if (link.gateway !== undefined) steps.push(addDefaultRoute(link.gateway));
  inside.request(`interface ${link.name}`, ...steps);
}

function survey(socket: NetlinkSocket): HostSurvey {
  return {
    forwarding: readFileSync("/proc/sys/net/ipv4/ip_forward", "latin1").trim() === "1",
    links: socket.dump("links", dumpLinks()).map(parseLink),
    addresses: socket.dump("addresses", dumpAddresses()).flatMap((payload) => parseAddress(payload) ?? []),
    routes: socket.dump("routes", dumpRoutes()).flatMap((payload) => parseRoute(payload) ?? []),
  };
}
