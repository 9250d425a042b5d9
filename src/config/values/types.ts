/** A soft and a hard limit, as in Docker's `default-ulimits`. -1 is no limit. */
export interface Ulimit {
  readonly soft: number;
  readonly hard: number;
}

/** An OCI runtime that can be asked for by name. */
export interface RuntimeEntry {
  readonly path: string;
  readonly args: readonly string[];
}

/** Networks without a subnet of their own get one of `size` bits out of `base`. */
export interface AddressPool {
  readonly base: string;
  readonly size: number;
}

/** What a setting of each type is, once it is read. */
export interface ValueTypes {
  bool: boolean;
  int: number;
  string: string;
  /** Bytes. */
  memory: number;
  ip: string;
  list: readonly string[];
  ips: readonly string[];
  map: Readonly<Record<string, string>>;
  switches: Readonly<Record<string, boolean>>;
  maps: Readonly<Record<string, Readonly<Record<string, string>>>>;
  ulimits: Readonly<Record<string, Ulimit>>;
  runtimes: Readonly<Record<string, RuntimeEntry>>;
  pools: readonly AddressPool[];
  object: Readonly<Record<string, unknown>>;
}

export type ValueType = keyof ValueTypes;
