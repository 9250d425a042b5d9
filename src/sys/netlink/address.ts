import { attribute, parseAttributes } from "./attribute.ts";
import { type Message, NLM_F_CREATE, NLM_F_REPLACE } from "./message.ts";

/** Requests about IPv4 addresses and routes, as data. Sources: linux/if_addr.h, linux/rtnetlink.h. */

const RTM_NEWADDR = 20;
const RTM_GETADDR = 22;
const RTM_NEWROUTE = 24;
const RTM_GETROUTE = 26;

const AF_INET = 2;
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
const RTPROT_BOOT = 3;
const RTN_UNICAST = 1;

/** `172.17.0.2` → four bytes. */
export function ipv4Bytes(address: string): Buffer {
  return Buffer.from(address.split(".").map(Number));
}

function ipv4Text(bytes: Buffer): string {
  return [...bytes].join(".");
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
  header.writeUInt8(AF_INET, 0);
  header.writeUInt8(prefixLength, 1);
  header.writeUInt32LE(index, 4);
  const bytes = ipv4Bytes(address);
  const parts = [header, attribute(IFA_LOCAL, bytes), attribute(IFA_ADDRESS, bytes)];
  if (prefixLength < 31) parts.push(attribute(IFA_BROADCAST, broadcastOf(bytes, prefixLength)));
  return { type: RTM_NEWADDR, flags: NLM_F_CREATE | NLM_F_REPLACE, payload: Buffer.concat(parts) };
}

function broadcastOf(address: Buffer, prefixLength: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE((address.readUInt32BE() | (0xffff_ffff >>> prefixLength)) >>> 0);
  return bytes;
}

export function dumpAddresses(): Message {
  const header = Buffer.alloc(IFADDRMSG);
  header.writeUInt8(AF_INET, 0);
  return { type: RTM_GETADDR, flags: 0, payload: header };
}

/** Reads the body of an RTM_NEWADDR of family IPv4. */
export function parseAddress(payload: Buffer): InterfaceAddress | undefined {
  const local = parseAttributes(payload.subarray(IFADDRMSG)).get(IFA_LOCAL);
  if (payload.readUInt8(0) !== AF_INET || local?.length !== 4) return undefined;
  return { index: payload.readUInt32LE(4), address: ipv4Text(local), prefixLength: payload.readUInt8(1) };
}

function routeHeader(): Buffer {
  const header = Buffer.alloc(RTMSG);
  header.writeUInt8(AF_INET, 0);
  header.writeUInt8(RT_TABLE_MAIN, 4);
  header.writeUInt8(RTPROT_BOOT, 5);
  header.writeUInt8(RTN_UNICAST, 7);
  return header;
}

/** Takes the place of another default route. */
export function addDefaultRoute(gateway: string): Message {
  const payload = Buffer.concat([routeHeader(), attribute(RTA_GATEWAY, ipv4Bytes(gateway))]);
  return { type: RTM_NEWROUTE, flags: NLM_F_CREATE | NLM_F_REPLACE, payload };
}

export function dumpRoutes(): Message {
  const header = Buffer.alloc(RTMSG);
  header.writeUInt8(AF_INET, 0);
  return { type: RTM_GETROUTE, flags: 0, payload: header };
}

export interface Route {
  readonly destination: string;
  readonly prefixLength: number;
  /** Index of the interface it leaves by; undefined for a multipath or blackhole route. */
  readonly index: number | undefined;
}

/** Reads the body of an RTM_NEWROUTE; undefined for the host's own and broadcast addresses. The default route is `0.0.0.0/0`. */
export function parseRoute(payload: Buffer): Route | undefined {
  const attributes = parseAttributes(payload.subarray(RTMSG));
  const table = attributes.get(RTA_TABLE)?.readUInt32LE() ?? payload.readUInt8(4);
  if (payload.readUInt8(0) !== AF_INET || table === RT_TABLE_LOCAL) return undefined;
  return {
    destination: ipv4Text(attributes.get(RTA_DST) ?? Buffer.alloc(4)),
    prefixLength: payload.readUInt8(1),
    index: attributes.get(RTA_OIF)?.readUInt32LE(),
  };
}
