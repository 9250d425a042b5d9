import { attribute, parseAttributes, u32 } from "./attribute.ts";
import { ipv6Bytes, ipv6Text } from "../sockets/ipv6-bytes.ts";
import { type Message, NLM_F_CREATE, NLM_F_REPLACE } from "./message.ts";

/** Requests about addresses and routes of both families, as data. Sources: linux/if_addr.h, linux/rtnetlink.h. */

const RTM_NEWADDR = 20;
const RTM_GETADDR = 22;
const RTM_NEWROUTE = 24;
const RTM_GETROUTE = 26;

const AF_UNSPEC = 0;
const AF_INET = 2;
const AF_INET6 = 10;
/** No detection of duplicates, which would keep an address from being used for a second: who has which is known. */
const IFA_F_NODAD = 0x02;
const IFA_ADDRESS = 1;
const IFA_LOCAL = 2;
const IFA_BROADCAST = 4;
const IFADDRMSG = 8;

const RTA_DST = 1;
const RTA_OIF = 4;
const RTA_GATEWAY = 5;
const RTA_TABLE = 15;
const RTMSG = 12;
const RT_TABLE_MAIN = 254;
const RT_TABLE_LOCAL = 255;
const RT_SCOPE_LINK = 253;
const RTPROT_BOOT = 3;
const RTN_UNICAST = 1;

/** `172.17.0.2` → four bytes. */
export function ipv4Bytes(address: string): Buffer {
  return Buffer.from(address.split(".").map(Number));
}

function familyOf(address: string): number {
  return address.includes(":") ? AF_INET6 : AF_INET;
}

/** Either family's bytes, in the order of the wire. */
function addressBytes(address: string): Buffer {
  return address.includes(":") ? ipv6Bytes(address) : ipv4Bytes(address);
}

function addressText(bytes: Buffer): string {
  return bytes.length === 16 ? ipv6Text(bytes) : [...bytes].join(".");
}

export interface InterfaceAddress {
  /** Interface index. */
  readonly index: number;
  readonly address: string;
  readonly prefixLength: number;
}

/** Already there is no error. */
export function addAddress({ index, address, prefixLength }: InterfaceAddress): Message {
  const header = Buffer.alloc(IFADDRMSG);
  const family = familyOf(address);
  header.writeUInt8(family, 0);
  header.writeUInt8(prefixLength, 1);
  header.writeUInt8(family === AF_INET6 ? IFA_F_NODAD : 0, 2);
  header.writeUInt32LE(index, 4);
  const bytes = addressBytes(address);
  const parts = [header, attribute(IFA_LOCAL, bytes), attribute(IFA_ADDRESS, bytes)];
  if (family === AF_INET && prefixLength < 31) parts.push(attribute(IFA_BROADCAST, broadcastOf(bytes, prefixLength)));
  return { type: RTM_NEWADDR, flags: NLM_F_CREATE | NLM_F_REPLACE, payload: Buffer.concat(parts) };
}

function broadcastOf(address: Buffer, prefixLength: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE((address.readUInt32BE() | (0xffff_ffff >>> prefixLength)) >>> 0);
  return bytes;
}

export function dumpAddresses(): Message {
  const header = Buffer.alloc(IFADDRMSG);
  header.writeUInt8(AF_UNSPEC, 0);
  return { type: RTM_GETADDR, flags: 0, payload: header };
}

/** Reads the body of an RTM_NEWADDR. IPv6 has no local address beside the address but where there is a peer. */
export function parseAddress(payload: Buffer): InterfaceAddress | undefined {
  const attributes = parseAttributes(payload.subarray(IFADDRMSG));
  const local = attributes.get(IFA_LOCAL) ?? attributes.get(IFA_ADDRESS);
  if (local === undefined || local.length !== lengthOf(payload.readUInt8(0))) return undefined;
  return { index: payload.readUInt32LE(4), address: addressText(local), prefixLength: payload.readUInt8(1) };
}

/** Bytes of an address of a family; undefined for those that are not ours to read. */
function lengthOf(family: number): number | undefined {
  return family === AF_INET ? 4 : family === AF_INET6 ? 16 : undefined;
}

function routeHeader(family: number): Buffer {
  const header = Buffer.alloc(RTMSG);
  header.writeUInt8(family, 0);
  header.writeUInt8(RT_TABLE_MAIN, 4);
  header.writeUInt8(RTPROT_BOOT, 5);
  header.writeUInt8(RTN_UNICAST, 7);
  return header;
}

/** Takes the place of another default route of its family. */
export function addDefaultRoute(gateway: string): Message {
  const payload = Buffer.concat([routeHeader(familyOf(gateway)), attribute(RTA_GATEWAY, addressBytes(gateway))]);
  return { type: RTM_NEWROUTE, flags: NLM_F_CREATE | NLM_F_REPLACE, payload };
}

/** A way out without a router: whoever is out there is asked for by the interface itself. */
export function addDefaultDevice(index: number, family: 4 | 6): Message {
  const header = routeHeader(family === 4 ? AF_INET : AF_INET6);
  if (family === 4) header.writeUInt8(RT_SCOPE_LINK, 6);
  return { type: RTM_NEWROUTE, flags: NLM_F_CREATE | NLM_F_REPLACE, payload: Buffer.concat([header, u32(RTA_OIF, index)]) };
}

export function dumpRoutes(): Message {
  const header = Buffer.alloc(RTMSG);
  header.writeUInt8(AF_UNSPEC, 0);
  return { type: RTM_GETROUTE, flags: 0, payload: header };
}

export interface Route {
  readonly destination: string;
  readonly prefixLength: number;
  /** Index of the interface it leaves by; undefined for a multipath or blackhole route. */
  readonly index: number | undefined;
}

/** Reads the body of an RTM_NEWROUTE; undefined for the host's own and broadcast addresses. Default routes are `0.0.0.0/0`, `::/0`. */
export function parseRoute(payload: Buffer): Route | undefined {
  const attributes = parseAttributes(payload.subarray(RTMSG));
  const table = attributes.get(RTA_TABLE)?.readUInt32LE() ?? payload.readUInt8(4);
  const length = lengthOf(payload.readUInt8(0));
  if (length === undefined || table === RT_TABLE_LOCAL) return undefined;
  return {
    destination: addressText(attributes.get(RTA_DST) ?? Buffer.alloc(length)),
    prefixLength: payload.readUInt8(1),
    index: attributes.get(RTA_OIF)?.readUInt32LE(),
  };
}
