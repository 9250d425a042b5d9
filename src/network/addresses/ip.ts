import { isIPv4, isIPv6 } from "node:net";

/** Addresses of both families as unsigned numbers, and subnets as their first address and prefix length. */
export interface Address {
  readonly family: Family;
  readonly value: bigint;
}

export type Family = 4 | 6;

export interface Subnet {
  readonly family: Family;
  readonly base: bigint;
  readonly prefixLength: number;
}

const BITS: Readonly<Record<Family, number>> = { 4: 32, 6: 128 };

/** Strict dotted quads, and IPv6 without a zone; undefined for anything else. */
export function parseAddress(text: string): Address | undefined {
  if (isIPv4(text)) return { family: 4, value: BigInt(text.split(".").reduce((value, part) => value * 256 + Number(part), 0)) };
  if (isIPv6(text) && !text.includes("%")) return { family: 6, value: parseIpv6(text) };
  return undefined;
}

function parseIpv6(text: string): bigint {
  const [head = "", tail] = withoutQuad(text).split("::");
  const [first, last] = [groupsOf(head), groupsOf(tail ?? "")];
  const zeros = Array.from({ length: 8 - first.length - last.length }, () => 0n);
  return [...first, ...zeros, ...last].reduce((value, group) => (value << 16n) | group, 0n);
}

function groupsOf(text: string): bigint[] {
  return text === "" ? [] : text.split(":").map((group) => BigInt(`0x${group}`));
}

/** `::ffff:1.2.3.4` is `::ffff:102:304`. */
function withoutQuad(text: string): string {
  return text.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, ...bytes: string[]) => {
    const [a = 0, b = 0, c = 0, d = 0] = bytes.slice(0, 4).map(Number);
    return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
  });
}

/** The one way of writing it: RFC 5952 for IPv6. */
export function formatAddress({ family, value }: Address): string {
  if (family === 4) return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 0xffn).join(".");
  const groups = Array.from({ length: 8 }, (_, index) => ((value >> BigInt(112 - 16 * index)) & 0xffffn).toString(16));
  const [start, length] = longestZeros(groups);
  if (length < 2) return groups.join(":");
  return `${groups.slice(0, start).join(":")}::${groups.slice(start + length).join(":")}`;
}

/** The first of the longest runs. */
function longestZeros(groups: readonly string[]): [start: number, length: number] {
  let best: [number, number] = [0, 0];
  for (let start = 0; start < groups.length; start++) {
    let end = start;
    while (groups[end] === "0") end++;
    if (end - start > best[1]) best = [start, end - start];
  }
  return best;
}

/** An address with a prefix length, `172.17.0.1/16`, in its parts. */
export function parseCidr(text: string): { address: Address; prefixLength: number } | undefined {
  const match = /^([^/]+)\/(\d{1,3})$/.exec(text);
  const address = parseAddress(match?.[1] ?? "");
  const prefixLength = Number(match?.[2]);
  return address === undefined || prefixLength > BITS[address.family] ? undefined : { address, prefixLength };
}

/** The subnet that a text in that form is of; undefined for what is none. */
export function parseSubnet(text: string): Subnet | undefined {
  const cidr = parseCidr(text);
  return cidr === undefined ? undefined : subnetAt(cidr.address, cidr.prefixLength);
}

/** Of an address or a subnet that is one. */
export function familyOf(text: string): Family {
  return text.includes(":") ? 6 : 4;
}

/** The subnet an address lies in. */
export function subnetAt({ family, value }: Address, prefixLength: number): Subnet {
  const rest = BigInt(BITS[family] - prefixLength);
  return { family, base: (value >> rest) << rest, prefixLength };
}

export function formatSubnet({ family, base, prefixLength }: Subnet): string {
  return `${formatAddress({ family, value: base })}/${prefixLength}`;
}

export function sizeOf({ family, prefixLength }: Pick<Subnet, "family" | "prefixLength">): bigint {
  return 1n << BigInt(BITS[family] - prefixLength);
}

export function lastOf(subnet: Subnet): bigint {
  return subnet.base + sizeOf(subnet) - 1n;
}

export function contains(subnet: Subnet, { family, value }: Address): boolean {
  return family === subnet.family && value >= subnet.base && value <= lastOf(subnet);
}

export function overlaps(one: Subnet, other: Subnet): boolean {
  return one.family === other.family && one.base <= lastOf(other) && other.base <= lastOf(one);
}
