import { attribute, nested, parseAttributes, readText, readU32, text, u16, u32, u8 } from "./attribute.ts";
import { type Message, NLM_F_CREATE, NLM_F_EXCL } from "./message.ts";

/** Requests about interfaces, as data. Sources: linux/if_link.h, linux/veth.h, linux/rtnetlink.h. */

const RTM_NEWLINK = 16;
const RTM_DELLINK = 17;
const RTM_GETLINK = 18;

const IFLA_ADDRESS = 1;
const IFLA_IFNAME = 3;
const IFLA_MTU = 4;
const IFLA_LINK = 5;
const IFLA_MASTER = 10;
const IFLA_LINKINFO = 18;
const IFLA_IFALIAS = 20;
const IFLA_NET_NS_FD = 28;
const IFLA_INFO_KIND = 1;
const IFLA_INFO_DATA = 2;
const IFLA_INFO_SLAVE_KIND = 4;
const IFLA_INFO_SLAVE_DATA = 5;
const IFLA_BRPORT_MODE = 4;
const IFLA_BRPORT_ISOLATED = 33;
const IFLA_VLAN_ID = 1;
const IFLA_MACVLAN_MODE = 1;
const IFLA_IPVLAN_MODE = 1;
const IFLA_IPVLAN_FLAGS = 2;
const VETH_INFO_PEER = 1;
const IFF_UP = 1;
const IFF_NOARP = 0x80;
const IFINFOMSG = 16;

/** `struct ifinfomsg`; `up` brings the interface up together with what else the message does, `noArp` keeps it from asking for addresses. */
function header(options: { index?: number; up?: boolean; noArp?: boolean } = {}): Buffer {
  const buffer = Buffer.alloc(IFINFOMSG);
  buffer.writeInt32LE(options.index ?? 0, 4);
  const flags = (options.up === true ? IFF_UP : 0) | (options.noArp === true ? IFF_NOARP : 0);
  buffer.writeUInt32LE(flags, 8);
  buffer.writeUInt32LE(flags, 12);
  return buffer;
}

/** `02:42:ac:11:00:02` → six bytes. */
function macBytes(mac: string): Buffer {
  return Buffer.from(mac.replaceAll(":", ""), "hex");
}

function create(...parts: Buffer[]): Message {
  return { type: RTM_NEWLINK, flags: NLM_F_CREATE | NLM_F_EXCL, payload: Buffer.concat(parts) };
}

/** A bridge with an address of its own: without one it takes the lowest of its ports', which changes as containers come and go. */
export function createBridge(bridge: { name: string; mac: string; mtu: number }): Message {
  return create(
    header(),
    text(IFLA_IFNAME, bridge.name),
    u32(IFLA_MTU, bridge.mtu),
    attribute(IFLA_ADDRESS, macBytes(bridge.mac)),
    nested(IFLA_LINKINFO, text(IFLA_INFO_KIND, "bridge")),
  );
}

/** An interface whose one purpose is its queue: what is sent through it comes back to where it came from. */
export function createIfb(name: string): Message {
  return create(header(), text(IFLA_IFNAME, name), nested(IFLA_LINKINFO, text(IFLA_INFO_KIND, "ifb")));
}

/** A link that goes nowhere, for networks that keep to one host. Of the two kinds that do, small kernels have one or the other. */
export function createBlind(kind: "dummy" | "ifb", { name, alias }: { name: string; alias: string }): Message {
  return create(header(), text(IFLA_IFNAME, name), text(IFLA_IFALIAS, alias), nested(IFLA_LINKINFO, text(IFLA_INFO_KIND, kind)));
}

/** The part of `parent` (an interface index) that is tagged with one VLAN id. */
export function createVlan({ name, alias, parent, id }: { name: string; alias: string; parent: number; id: number }): Message {
  const data = nested(IFLA_INFO_DATA, u16(IFLA_VLAN_ID, id));
  return create(
    header(),
    text(IFLA_IFNAME, name),
    text(IFLA_IFALIAS, alias),
    u32(IFLA_LINK, parent),
    nested(IFLA_LINKINFO, text(IFLA_INFO_KIND, "vlan"), data),
  );
}

/** How an interface shares its parent. Sources: enum macvlan_mode, IPVLAN_MODE_*, IPVLAN_F_*. */
export type Sharing =
  | { readonly kind: "macvlan"; readonly mode: keyof typeof MACVLAN_MODES }
  | { readonly kind: "ipvlan"; readonly mode: keyof typeof IPVLAN_MODES; readonly flag: keyof typeof IPVLAN_FLAGS };

const MACVLAN_MODES = { private: 1, vepa: 2, bridge: 4, passthru: 8 } as const;
const IPVLAN_MODES = { l2: 0, l3: 1, l3s: 2 } as const;
const IPVLAN_FLAGS = { bridge: 0, private: 1, vepa: 2 } as const;

/** An interface that shares `parent` (an interface index), born inside a namespace under its final name. */
export function createShared(link: {
  readonly name: string;
  readonly parent: number;
  readonly sharing: Sharing;
  /** Of a macvlan; an ipvlan has its parent's. */
  readonly mac: string;
  /** Its parent's without. */
  readonly mtu: number | undefined;
  readonly namespace: number;
}): Message {
  return create(
    header(),
    text(IFLA_IFNAME, link.name),
    u32(IFLA_LINK, link.parent),
    ...(link.mtu === undefined ? [] : [u32(IFLA_MTU, link.mtu)]),
    u32(IFLA_NET_NS_FD, link.namespace),
    ...(link.sharing.kind === "macvlan" ? [attribute(IFLA_ADDRESS, macBytes(link.mac))] : []),
    nested(IFLA_LINKINFO, text(IFLA_INFO_KIND, link.sharing.kind), nested(IFLA_INFO_DATA, ...sharingData(link.sharing))),
  );
}

function sharingData(sharing: Sharing): Buffer[] {
  if (sharing.kind === "macvlan") return [u32(IFLA_MACVLAN_MODE, MACVLAN_MODES[sharing.mode])];
  return [u16(IFLA_IPVLAN_MODE, IPVLAN_MODES[sharing.mode]), u16(IFLA_IPVLAN_FLAGS, IPVLAN_FLAGS[sharing.flag])];
}

export interface VethPair {
  /** The host's end, a port of `bridge` (an interface index) from the start. */
  readonly hostName: string;
  readonly bridge: number;
  /** The container's end, born inside the namespace under its final name. */
  readonly peerName: string;
  readonly peerMac: string;
  readonly mtu: number;
  /** Descriptor of the namespace of the container's end. */
  readonly namespace: number;
}

/** One request for the whole pair, both ends down: an end cannot come up before the other exists. */
export function createVethPair(pair: VethPair): Message {
  const peer = Buffer.concat([
    header(),
    text(IFLA_IFNAME, pair.peerName),
    attribute(IFLA_ADDRESS, macBytes(pair.peerMac)),
    u32(IFLA_MTU, pair.mtu),
    u32(IFLA_NET_NS_FD, pair.namespace),
  ]);
  return create(
    header(),
    text(IFLA_IFNAME, pair.hostName),
    u32(IFLA_MTU, pair.mtu),
    u32(IFLA_MASTER, pair.bridge),
    nested(IFLA_LINKINFO, text(IFLA_INFO_KIND, "veth"), nested(IFLA_INFO_DATA, nested(VETH_INFO_PEER, peer))),
  );
}

/**
 * A pair whose two ends are in one namespace, under one MAC address and asking for nobody's: every packet that goes out by the one comes
 * in by the other.
 */
export function createLoop({ name, peerName, mac }: { name: string; peerName: string; mac: string }): Message {
  const end = (called: string): Buffer[] => [header({ noArp: true }), text(IFLA_IFNAME, called), attribute(IFLA_ADDRESS, macBytes(mac))];
  const peer = nested(VETH_INFO_PEER, Buffer.concat(end(peerName)));
  return create(...end(name), nested(IFLA_LINKINFO, text(IFLA_INFO_KIND, "veth"), nested(IFLA_INFO_DATA, peer)));
}

/** Makes an interface a port of `bridge` (an interface index). */
export function setMaster(name: string, bridge: number): Message {
  return { type: RTM_NEWLINK, flags: 0, payload: Buffer.concat([header(), text(IFLA_IFNAME, name), u32(IFLA_MASTER, bridge)]) };
}

export function setLinkUp(index: number): Message {
  return { type: RTM_NEWLINK, flags: 0, payload: header({ index, up: true }) };
}

/**
 * Brings a port of a bridge up.
 *
 * @param port.hairpin whether the bridge may send a frame back to where it came from.
 * @param port.isolated whether it keeps frames from one isolated port to another back.
 */
export function setPortUp(name: string, port: { hairpin: boolean; isolated: boolean }): Message {
  const flags = [u8(IFLA_BRPORT_MODE, port.hairpin ? 1 : 0), ...(port.isolated ? [u8(IFLA_BRPORT_ISOLATED, 1)] : [])];
  const data = nested(IFLA_INFO_SLAVE_DATA, ...flags);
  const info = nested(IFLA_LINKINFO, text(IFLA_INFO_SLAVE_KIND, "bridge"), data);
  return { type: RTM_NEWLINK, flags: 0, payload: Buffer.concat([header({ up: true }), text(IFLA_IFNAME, name), info]) };
}

export function deleteLink(name: string): Message {
  return { type: RTM_DELLINK, flags: 0, payload: Buffer.concat([header(), text(IFLA_IFNAME, name)]) };
}

export function getLink(name: string): Message {
  return { type: RTM_GETLINK, flags: 0, payload: Buffer.concat([header(), text(IFLA_IFNAME, name)]) };
}

export function dumpLinks(): Message {
  return { type: RTM_GETLINK, flags: 0, payload: header() };
}

export interface Link {
  readonly index: number;
  readonly name: string;
  readonly up: boolean;
  readonly mtu: number | undefined;
  readonly mac: string | undefined;
  /** Index of the bridge that it is a port of. */
  readonly master: number | undefined;
  /** What somebody noted on it. */
  readonly alias?: string | undefined;
  /** `bridge`, `veth`, …; undefined for hardware and loopback. */
  readonly kind: string | undefined;
}

/** Reads the body of an RTM_NEWLINK. */
export function parseLink(payload: Buffer): Link {
  const attributes = parseAttributes(payload.subarray(IFINFOMSG));
  const info = attributes.get(IFLA_LINKINFO);
  return {
    index: payload.readInt32LE(4),
    name: readText(attributes.get(IFLA_IFNAME)) ?? "",
    up: (payload.readUInt32LE(8) & IFF_UP) !== 0,
    mtu: readU32(attributes.get(IFLA_MTU)),
    mac: attributes
      .get(IFLA_ADDRESS)
      ?.toString("hex")
      .replaceAll(/(..)(?=.)/g, "$1:"),
    master: readU32(attributes.get(IFLA_MASTER)),
    alias: readText(attributes.get(IFLA_IFALIAS)),
    kind: info === undefined ? undefined : readText(parseAttributes(info).get(IFLA_INFO_KIND)),
  };
}
