import { isIPv4 } from "node:net";

/** IPv4 addresses as unsigned 32-bit numbers, and subnets as their first address and prefix length. */
export interface Subnet {
  readonly base: number;
  readonly prefixLength: number;
}

/** Strict dotted quads; undefined for anything else. */
export function parseAddress(text: string): number | undefined {
  if (!isIPv4(text)) return undefined;
  return text.split(".").reduce((value, part) => value * 256 + Number(part), 0);
}

export function formatAddress(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff).join(".");
}

/** An address with a prefix length, `172.17.0.1/16`, in its parts. */
export function parseCidr(text: string): { address: number; prefixLength: number } | undefined {
  const match = /^([^/]+)\/(\d{1,2})$/.exec(text);
  const address = parseAddress(match?.[1] ?? "");
  const prefixLength = Number(match?.[2]);
  return address === undefined || prefixLength > 32 ? undefined : { address, prefixLength };
}

/** The subnet an address lies in. */
export function subnetAt(address: number, prefixLength: number): Subnet {
  return { base: (address & maskOf(prefixLength)) >>> 0, prefixLength };
}

export function formatSubnet({ base, prefixLength }: Subnet): string {
  return `${formatAddress(base)}/${prefixLength}`;
}

export function sizeOf({ prefixLength }: Subnet): number {
  return 2 ** (32 - prefixLength);
}

export function lastOf(subnet: Subnet): number {
  return subnet.base + sizeOf(subnet) - 1;
}

export function contains(subnet: Subnet, address: number): boolean {
  return address >= subnet.base && address <= lastOf(subnet);
}

export function overlaps(one: Subnet, other: Subnet): boolean {
  return one.base <= lastOf(other) && other.base <= lastOf(one);
}

function maskOf(prefixLength: number): number {
  // A shift by 32 is a shift by 0 in JavaScript.
  return prefixLength === 0 ? 0 : 0xffff_ffff << (32 - prefixLength);
}
