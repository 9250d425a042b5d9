import { readFileSync } from "node:fs";
import { SystemCallError } from "#sys/ffi.ts";
import { addAddress, addDefaultDevice, addDefaultRoute } from "../netlink/address.ts";
import {
  createBlind,
  createBridge,
  createLoop,
  createShared,
  createVethPair,
  createVlan,
  deleteLink,
  getLink,
  type Link,
  parseLink,
  setLinkUp,
  setMaster,
  setPortUp,
} from "../netlink/link.ts";
import type { Message } from "../netlink/message.ts";
import { NETLINK_ROUTE, NetlinkSocket } from "../netlink/socket.ts";
import type { BridgeLink, ContainerLink, Detour, InsideLink, ParentLink, SharedLink } from "./host-network.ts";
import { inNamespace, withNamespaceFile } from "./namespace.ts";
import { writeSysctls } from "./sysctls.ts";
import { unless } from "./unless.ts";

/** The network worker's side of what `HostLinks` does to interfaces. */

function findLink(socket: NetlinkSocket, name: string): Link | undefined {
  const payload = unless("ENODEV", () => socket.query(`link ${name}`, getLink(name)));
  return payload === undefined ? undefined : parseLink(payload);
}

function linkNamed(socket: NetlinkSocket, name: string): Link {
  return parseLink(socket.query(`link ${name}`, getLink(name)));
}

export function ensureBridge(socket: NetlinkSocket, bridge: BridgeLink): void {
  const what = `bridge ${bridge.name}`;
  const existing = findLink(socket, bridge.name);
  if (existing === undefined) socket.request(what, createBridge(bridge));
  else if (existing.kind !== "bridge") throw new SystemCallError("netlink", EEXIST, `${what}: an interface of that name is no bridge`);
  // Before it comes up: no router advertisement is heard, no link-local address made.
  writeSysctls(bridge.sysctls);
  const { index } = existing ?? linkNamed(socket, bridge.name);
  socket.request(what, ...bridge.addresses.map((address) => addAddress({ index, ...address })), setLinkUp(index));
}

const EEXIST = 17;

export function attachInterface(socket: NetlinkSocket, link: ContainerLink): void {
  withNamespaceFile(link.namespace, (namespace) => {
    const bridge = linkNamed(socket, link.bridge).index;
    const what = `interface ${link.hostName}`;
    const pair = createVethPair({ ...link, bridge, namespace, peerName: link.name, peerMac: link.mac });
    // A bridge that was made anew has lost its ports.
    if (!made(() => socket.request(what, pair))) socket.request(what, setMaster(link.hostName, bridge));
    // The host's end gets no IPv6 of its own: nobody talks to it, and it would only make noise on the bridge.
    writeSysctls({ [`net/ipv6/conf/${link.hostName}/disable_ipv6`]: "1" });
    socket.request(what, setPortUp(link.hostName, { hairpin: bridgesAreFiltered(), isolated: link.isolated ?? false }));
    configure(namespace, link);
  });
}

/** Whether it was not there yet. */
function made(work: () => void): boolean {
  return unless("EEXIST", () => (work(), true)) ?? false;
}

/** EBUSY where a macvlan of the same address is on its way out still: the caller's to wait for. */
export function attachShared(socket: NetlinkSocket, link: SharedLink): void {
  withNamespaceFile(link.namespace, (namespace) => {
    const parent = linkNamed(socket, link.parent).index;
    const what = `interface ${link.name} on ${link.parent}`;
    unless("EEXIST", () => socket.request(what, createShared({ ...link, parent, namespace })));
    configure(namespace, link, link.direct);
  });
}

export function detachInterface(path: string, name: string): void {
  unless("ENOENT", () =>
    withNamespaceFile(path, (namespace) => {
      using inside = inNamespace(namespace, () => NetlinkSocket.open(NETLINK_ROUTE));
      unless("ENODEV", () => inside.request(`interface ${name}`, deleteLink(name)));
    }),
  );
}

/** A dummy address of RFC 7600: a loose look at where packets come from asks for one, whichever. */
const DETOUR_ADDRESS = { address: "192.0.0.8", prefixLength: 32 };

export function ensureDetour(socket: NetlinkSocket, { outName, backName }: Detour): void {
  const what = `interfaces ${outName} and ${backName}`;
  made(() => socket.request(what, createLoop({ name: outName, peerName: backName, mac: DETOUR_MAC })));
  writeSysctls({
    // 2 is "from anywhere that is known": what comes back has addresses of other interfaces' networks.
    [`net/ipv4/conf/${backName}/rp_filter`]: "2",
    ...Object.fromEntries(
      [outName, backName].flatMap((name) => [
        [`net/ipv6/conf/${name}/accept_dad`, "0"],
        [`net/ipv6/conf/${name}/accept_ra`, "0"],
      ]),
    ),
  });
  const [out, back] = [outName, backName].map((name) => linkNamed(socket, name).index);
  if (out === undefined || back === undefined) return;
  socket.request(what, addAddress({ index: back, ...DETOUR_ADDRESS }), setLinkUp(out), setLinkUp(back));
}

const DETOUR_MAC = "02:64:68:6f:77:00";

function createBlindLink(socket: NetlinkSocket, what: string, link: { name: string; alias: string }): void {
  try {
    socket.request(what, createBlind("dummy", link));
  } catch (error) {
    if (!(error instanceof SystemCallError && error.code === "ENOTSUP")) throw error;
    socket.request(what, createBlind("ifb", link));
  }
}

export function ensureParent(socket: NetlinkSocket, { name, alias, vlan }: ParentLink): boolean {
  const existing = findLink(socket, name);
  const what = `interface ${name}`;
  if (existing === undefined) {
    if (vlan === undefined) createBlindLink(socket, what, { name, alias });
    else socket.request(what, createVlan({ name, alias, id: vlan.id, parent: linkNamed(socket, vlan.parent).index }));
  }
  // One of the administrator's own is theirs to bring up or down.
  if (existing === undefined) socket.request(what, setLinkUp(linkNamed(socket, name).index));
  return existing === undefined;
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
function configure(namespace: number, link: InsideLink, direct = false): void {
  // /proc/sys/net shows the namespace of the thread that looks.
  using inside = inNamespace(namespace, () => {
    if (link.ipv6 !== undefined) writeSysctls(ipv6Sysctls(link.name));
    return NetlinkSocket.open(NETLINK_ROUTE);
  });
  const { index } = linkNamed(inside, link.name);
  const { ipv6, more = [] } = link;
  const addresses = [link, ...(ipv6 === undefined ? [] : [ipv6]), ...more].map((address) => addAddress({ ...address, index }));
  const routes = direct
    ? directRoutes(link, index)
    : [link.gateway, ipv6?.gateway].flatMap((gateway) => gateway ?? []).map(addDefaultRoute);
  inside.request(`interface ${link.name}`, setLinkUp(index), ...addresses, ...routes);
  if (link.sysctls !== undefined) inNamespace(namespace, () => writeSysctls(link.sysctls ?? {}));
}

function directRoutes({ ipv6 }: InsideLink, index: number): Message[] {
  return [addDefaultDevice(index, 4), ...(ipv6 === undefined ? [] : [addDefaultDevice(index, 6)])];
}

/** Namespaces begin without IPv6. No router advertisement of a neighbour is heard: any container of the network could send one. */
function ipv6Sysctls(name: string): Record<string, string> {
  return {
    "net/ipv6/conf/lo/disable_ipv6": "0",
    [`net/ipv6/conf/${name}/accept_ra`]: "0",
    // Its addresses are known to be its own; looking for others who have them would take up to two seconds.
    [`net/ipv6/conf/${name}/accept_dad`]: "0",
    [`net/ipv6/conf/${name}/disable_ipv6`]: "0",
  };
}
