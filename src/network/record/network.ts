import { randomBytes } from "node:crypto";
import type { NetworkCreateBody } from "#spec/docker-api/types.ts";
import { type Family, familyOf } from "../addresses/ip.ts";

export type DriverName = "bridge" | "host" | "null" | "macvlan" | "ipvlan";

/** One subnet of a network. */
export interface Ipam {
  readonly subnet: string;
  /** Undefined where nobody leads out of it: the gateway mode `isolated`. */
  readonly gateway: string | undefined;
  readonly range?: string | undefined;
  /** Addresses of the subnet that are kept free for others, by the user's names. */
  readonly auxiliary: Readonly<Record<string, string>>;
  /** Who chose the subnet: one of the user's is never moved. */
  readonly chosenBy: "user" | "pool";
}

/** A network as it is kept. Its id and name never change. */
export interface Network {
  readonly id: string;
  readonly name: string;
  readonly driver: DriverName;
  /** RFC 3339. */
  readonly created: string;
  readonly internal: boolean;
  readonly attachable: boolean;
  readonly labels: Readonly<Record<string, string>>;
  /** The driver's options, in the words of the API. */
  readonly options: Readonly<Record<string, string>>;
  /** Undefined for drivers without addresses of their own. */
  readonly ipam: Ipam | undefined;
  /** IPv6; undefined for networks that have none. */
  readonly ipam6?: Ipam | undefined;
  /** More subnets of the user's, of either family: addresses come from them when those before are used up. */
  readonly more?: readonly Ipam[] | undefined;
  /** A configuration that other networks are made from; nobody is on it, and nothing of it is on the host. */
  readonly configuration?: Configuration | undefined;
  /** Name of the configuration that it was made from. */
  readonly configFrom?: string | undefined;
}

/** What the networks made from it are to be, beside its options and labels. As it was asked for: each chooses what was left open. */
export type Configuration = Pick<NetworkCreateBody, "EnableIPv6" | "IPAM">;

/** Every subnet of a network, of one family or both, in the order in which addresses are given out. */
export function subnetsOf({ ipam, ipam6, more = [] }: Pick<Network, "ipam" | "ipam6" | "more">, family?: Family): Ipam[] {
  const all = [ipam, ipam6, ...more].flatMap((one) => one ?? []);
  return family === undefined ? all : all.filter(({ subnet }) => familyOf(subnet) === family);
}

/** Whether containers on it get an interface. */
export function hasInterfaces({ driver }: Pick<Network, "driver">): boolean {
  return driver !== "host" && driver !== "null";
}

/** The three that every engine has; they cannot be made or removed. */
const PREDEFINED = ["bridge", "host", "none"] as const;

export function isPredefined(name: string): boolean {
  return (PREDEFINED as readonly string[]).includes(name);
}

/** 64 hexadecimal characters. */
export function newId(): string {
  return randomBytes(32).toString("hex");
}
