import { isIPv6 } from "node:net";

/** An address as the data of an A or AAAA record. */
export function addressData(address: string): Buffer {
  return isIPv6(address) ? ipv6Data(address) : Buffer.from(address.split(".").map(Number));
}

function ipv6Data(address: string): Buffer {
  const data = Buffer.alloc(16);
  const [head = "", tail] = withoutIpv4(address.replace(/%.*$/, "")).split("::");
  const groups = (text: string): string[] => text.split(":").filter(Boolean);
  groups(head).forEach((group, index) => data.writeUInt16BE(Number.parseInt(group, 16), 2 * index));
  const last = groups(tail ?? "");
  last.forEach((group, index) => data.writeUInt16BE(Number.parseInt(group, 16), 16 - 2 * (last.length - index)));
  return data;
}

/** `::ffff:1.2.3.4` is `::ffff:102:304`. */
function withoutIpv4(address: string): string {
  return address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, ...bytes: string[]) => {
    const [a = 0, b = 0, c = 0, d = 0] = bytes.slice(0, 4).map(Number);
    return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
  });
}

/** An IPv6 address of a record, as it is written. */
export function formatIpv6(data: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, index) => data.readUInt16BE(2 * index).toString(16));
  return new URL(`http://[${groups.join(":")}]/`).hostname.slice(1, -1);
}

const REVERSE = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.in-addr\.arpa$/;

/** Whether a name asks who has an IPv4 address. */
export function isReverseName(name: string): boolean {
  return name.endsWith(".in-addr.arpa");
}

/** `10.0.0.2` of `2.0.0.10.in-addr.arpa`. */
export function ipv4OfReverseName(name: string): string | undefined {
  return REVERSE.exec(name)?.slice(1, 5).toReversed().join(".");
}

export function reverseNameOf(address: string): string {
  return `${address.split(".").toReversed().join(".")}.in-addr.arpa`;
}
