import { attribute, nested, text, u32be } from "./attribute.ts";
import { type Message, NLM_F_APPEND, NLM_F_CREATE, NLM_F_EXCL } from "./message.ts";

/**
 * Rules of nftables that rewrite a port of packets on their way, as messages: what nft makes of
 *
 *     table ip NAME {
 *       chain questions { type filter hook output priority raw; ip daddr A udp dport 53 udp dport set PORT … }
 *       chain answers { type filter hook postrouting priority 300; ip saddr A udp sport PORT udp sport set 53 … }
 *     }
 *
 * By hand, since libnftables waits for the kernel with select(2), and ends the process when a socket that it opens has a descriptor
 * above 1023: a namespace each needs a socket of its own, and a daemon with many containers has that many. Source:
 * linux/netfilter/nf_tables.h.
 */
export interface PortRewriting {
  readonly table: string;
  readonly address: string;
  /** What programs ask. */
  readonly shown: number;
  /** Where it is answered. */
  readonly real: number;
}

const NFPROTO_IPV4 = 2;
const SUBSYSTEM = 10;
const NEWTABLE = (SUBSYSTEM << 8) | 0;
const DELTABLE = (SUBSYSTEM << 8) | 2;
const NEWCHAIN = (SUBSYSTEM << 8) | 3;
const NEWRULE = (SUBSYSTEM << 8) | 6;

const NF_INET_LOCAL_OUT = 3;
const NF_INET_POST_ROUTING = 4;
/** Before connection tracking looks at a packet (-200), and behind all that may change its source (100). */
const PRIORITY = { raw: -300, late: 300 };

const REGISTER = 1;
const NETWORK_HEADER = 1;
const TRANSPORT_HEADER = 2;
const L4PROTO = 16;
const CHECKSUM_INET = 1;
/** Of the addresses in an IPv4 header, and of the ports in both transports'. */
const OFFSET = { saddr: 12, daddr: 16, sport: 0, dport: 2 };
const PROTOCOLS = [
  { number: 17, checksumOffset: 6 }, // UDP
  { number: 6, checksumOffset: 16 }, // TCP
];

/**
 * In one transaction. EEXIST where a table of that name is there already, unless it is to be replaced: the kernel waits for a grace
 * period (3 to 15 ms) when a transaction deletes something.
 */
export function rewritePorts({ table, address, shown, real }: PortRewriting, { replace }: { replace: boolean }): Message[] {
  const append = { flags: NLM_F_CREATE | NLM_F_APPEND };
  const rule = (chain: string, ...expressions: Buffer[]): Message =>
    message(NEWRULE, append, text(1, table), text(2, chain), nested(4, ...expressions));
  return [
    ...(replace ? [message(DELTABLE, { flags: 0 }, text(1, table))] : []),
    message(NEWTABLE, { flags: NLM_F_CREATE | NLM_F_EXCL }, text(1, table)),
    chain(table, "questions", NF_INET_LOCAL_OUT, PRIORITY.raw),
    chain(table, "answers", NF_INET_POST_ROUTING, PRIORITY.late),
    ...PROTOCOLS.map((protocol) => rule("questions", ...rewrite(address, "daddr", "dport", protocol, [shown, real]))),
    ...PROTOCOLS.map((protocol) => rule("answers", ...rewrite(address, "saddr", "sport", protocol, [real, shown]))),
  ];
}

function message(type: number, { flags }: { flags: number }, ...attributes: Buffer[]): Message {
  return { type, flags, payload: Buffer.concat([Buffer.from([NFPROTO_IPV4, 0, 0, 0]), ...attributes]) };
}

function chain(table: string, name: string, hook: number, priority: number): Message {
  return message(
    NEWCHAIN,
    { flags: NLM_F_CREATE },
    text(1, table),
    text(3, name),
    nested(4, u32be(1, hook), u32be(2, priority)),
    text(7, "filter"),
  );
}

function rewrite(
  address: string,
  side: "saddr" | "daddr",
  port: "sport" | "dport",
  protocol: (typeof PROTOCOLS)[number],
  [from, to]: readonly [number, number],
): Buffer[] {
  return [
    load(NETWORK_HEADER, OFFSET[side], 4),
    equals(Buffer.from(address.split(".").map(Number))),
    expression("meta", u32be(1, REGISTER), u32be(2, L4PROTO)),
    equals(Buffer.from([protocol.number])),
    load(TRANSPORT_HEADER, OFFSET[port], 2),
    equals(portBytes(from)),
    expression("immediate", u32be(1, REGISTER), nested(2, attribute(1, portBytes(to)))),
    store(OFFSET[port], protocol.checksumOffset),
  ];
}

function expression(name: string, ...data: Buffer[]): Buffer {
  return nested(1, text(1, name), nested(2, ...data));
}

function load(base: number, offset: number, length: number): Buffer {
  return expression("payload", u32be(1, REGISTER), u32be(2, base), u32be(3, offset), u32be(4, length));
}

function equals(value: Buffer): Buffer {
  return expression("cmp", u32be(1, REGISTER), u32be(2, 0), nested(3, attribute(1, value)));
}

/** Puts two bytes into the transport's header, and its checksum right. */
function store(offset: number, checksumOffset: number): Buffer {
  return expression(
    "payload",
    u32be(5, REGISTER),
    u32be(2, TRANSPORT_HEADER),
    u32be(3, offset),
    u32be(4, 2),
    u32be(6, CHECKSUM_INET),
    u32be(7, checksumOffset),
  );
}

function portBytes(port: number): Buffer {
  return Buffer.from([port >> 8, port & 0xff]);
}
