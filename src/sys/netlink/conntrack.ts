import { attribute, nested, u16be, u32, u8 } from "./attribute.ts";
import { ipv6Bytes } from "../sockets/ipv6-bytes.ts";
import { ipv4Bytes } from "./address.ts";
import type { Message } from "./message.ts";

/**
 * Forgetting connections. A UDP "connection" lives on in the kernel's table after its container is gone, and goes on sending what
 * arrives at a published port to the old address. Sources: linux/netfilter/nfnetlink_conntrack.h; filters on a delete came with
 * Linux 5.8, an older kernel takes the message for an incomplete tuple and refuses it.
 */

const IPCTNL_MSG_CT_DELETE = (1 << 8) | 2;
const AF_INET = 2;
const AF_INET6 = 10;

const CTA_TUPLE_ORIG = 1;
const CTA_TUPLE_REPLY = 2;
const CTA_FILTER = 25;
const CTA_TUPLE_IP = 1;
const CTA_TUPLE_PROTO = 2;
const CTA_IP_V4_SRC = 1;
const CTA_IP_V6_SRC = 3;
const CTA_PROTO_NUM = 1;
const CTA_PROTO_DST_PORT = 3;
const CTA_FILTER_ORIG_FLAGS = 1;
const CTA_FILTER_REPLY_FLAGS = 2;
const FILTER_IP_SRC = 1 << 0;
const FILTER_PROTO_NUM = 1 << 3;
const FILTER_PROTO_DST_PORT = 1 << 5;

function deletion(family: number, ...attributes: Buffer[]): Message {
  return { type: IPCTNL_MSG_CT_DELETE, flags: 0, payload: Buffer.concat([Buffer.from([family, 0, 0, 0]), ...attributes]) };
}

/** Every connection that a container's address began, and every one that was sent on to it. */
export function forgetAddress(address: string): Message[] {
  const [family, bytes] = address.includes(":")
    ? [AF_INET6, attribute(CTA_IP_V6_SRC, ipv6Bytes(address))]
    : [AF_INET, attribute(CTA_IP_V4_SRC, ipv4Bytes(address))];
  const source = nested(CTA_TUPLE_IP, bytes);
  return [
    deletion(family, nested(CTA_TUPLE_ORIG, source), nested(CTA_FILTER, u32(CTA_FILTER_ORIG_FLAGS, FILTER_IP_SRC))),
    deletion(family, nested(CTA_TUPLE_REPLY, source), nested(CTA_FILTER, u32(CTA_FILTER_REPLY_FLAGS, FILTER_IP_SRC))),
  ];
}

/** Every flow to a port of the host: one from before the port was published would not be sent on to the container. */
export function forgetPort(protocol: number, port: number): Message[] {
  return [AF_INET, AF_INET6].map((family) => forgetPortOf(family, protocol, port));
}

function forgetPortOf(family: number, protocol: number, port: number): Message {
  return deletion(
    family,
    nested(CTA_TUPLE_ORIG, nested(CTA_TUPLE_PROTO, u8(CTA_PROTO_NUM, protocol), u16be(CTA_PROTO_DST_PORT, port))),
    nested(CTA_FILTER, u32(CTA_FILTER_ORIG_FLAGS, FILTER_PROTO_NUM | FILTER_PROTO_DST_PORT)),
  );
}
