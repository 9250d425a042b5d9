import { randomBytes } from "node:crypto";

export type DriverName = "bridge" | "host" | "null" | "macvlan" | "ipvlan";

/** The addresses of a network in one family. */
export interface Ipam {
  readonly subnet: string;
  readonly gateway: string;
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
