import { isIP } from "node:net";
import { ConfigError } from "../config-error.ts";
import { parseInteger, splitPair } from "./flag-values.ts";
import { record, want, wantInteger, wantList } from "./json-values.ts";
import type { AddressPool, ValueTypes } from "./types.ts";

/** `base=172.80.0.0/16,size=24`. */
export function addPool(text: string, before: ValueTypes["pools"] = []): ValueTypes["pools"] {
  const fields = record(text.split(",").map((field) => splitPair(field, "default address pool")));
  return [...before, checked(fields["base"] ?? "", parseInteger(fields["size"] ?? ""))];
}

/** `[{"base": "172.80.0.0/16", "size": 24}]`. */
export function readPools(value: unknown): AddressPool[] {
  return wantList(value, (item) => {
    const { base, size } = want("object", item);
    return checked(want("string", base), wantInteger(size));
  });
}

function checked(base: string, size: number): AddressPool {
  const subnet = parseCidr(base);
  if (subnet === undefined) throw new ConfigError(`invalid default address pool: base ${JSON.stringify(base)} is not a subnet`);
  if (size < subnet.prefix || size > subnet.bits) {
    throw new ConfigError(`invalid default address pool: size ${size} has to lie between ${subnet.prefix} and ${subnet.bits}`);
  }
  return { base, size };
}

/** `10.1.2.3/8` as a prefix length and the bits of its family; undefined when it is none. */
export function parseCidr(text: string): { prefix: number; bits: 32 | 128 } | undefined {
  const [, host = "", digits] = /^([0-9a-fA-F.:]+)\/(\d{1,3})$/.exec(text) ?? [];
  const family = isIP(host);
  const bits = family === 6 ? 128 : 32;
  const prefix = Number(digits);
  return family === 0 || prefix > bits ? undefined : { prefix, bits };
}
