import { isIPv6 } from "node:net";
import { formatAddress, parseAddress } from "../addresses/ip.ts";
import { ipv6Bytes } from "#sys/sockets/ipv6-bytes.ts";

/** An address as the data of an A or AAAA record. */
export function addressData(address: string): Buffer {
  return isIPv6(address) ? ipv6Bytes(address) : Buffer.from(address.split(".").map(Number));
}

const REVERSE_V4 = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.in-addr\.arpa$/;
const REVERSE_V6 = /^((?:[0-9a-f]\.){32})ip6\.arpa$/;

/** Whether a name asks who has an address. */
export function isReverseName(name: string): boolean {
  return name.endsWith(".in-addr.arpa") || name.endsWith(".ip6.arpa");
}

/** `10.0.0.2` of `2.0.0.10.in-addr.arpa`; an IPv6 address of its 32 digits. Undefined for parts of one. */
export function addressOfReverseName(name: string): string | undefined {
  const digits = REVERSE_V6.exec(name)?.[1];
  if (digits === undefined) return REVERSE_V4.exec(name)?.slice(1, 5).toReversed().join(".");
  const hex = digits.split(".").toReversed().join("");
  return formatAddress({ family: 6, value: BigInt(`0x${hex}`) });
}

export function reverseNameOf(address: string): string {
  const parsed = parseAddress(address);
  if (parsed?.family !== 6) return `${address.split(".").toReversed().join(".")}.in-addr.arpa`;
  const digits = parsed.value.toString(16).padStart(32, "0");
  return `${digits.split("").toReversed().join(".")}.ip6.arpa`;
}
