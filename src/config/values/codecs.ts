import { addPool, readPools } from "./address-pools.ts";
import { ConfigError } from "../config-error.ts";
import { addNestedPair, addPair, addSwitch, parseAddress, parseBoolean, parseInteger, parseSize } from "./flag-values.ts";
import { want, wantInteger, wantMap, wantStrings } from "./json-values.ts";
import { addRuntime, readRuntimes } from "./runtimes.ts";
import { addUlimit, readUlimits } from "./ulimits.ts";
import type { ValueType, ValueTypes } from "./types.ts";

/** Reads one type of setting from each of the two places it may stand in. */
export interface Codec<T> {
  /** What `--help` shows for the argument; empty for a flag that needs none. */
  readonly word: string;
  /** The argument of a flag; `before` is what earlier flags of that name gave. @throws ConfigError. */
  fromFlag(text: string, before: T | undefined): T;
  /** A value of the configuration file, never null. @throws ConfigError. */
  fromFile(value: unknown): T;
}

const text = (value: unknown): string => want("string", value);

export const codecs: { readonly [K in ValueType]: Codec<ValueTypes[K]> } = {
  bool: { word: "", fromFlag: parseBoolean, fromFile: (value) => want("boolean", value) },
  int: { word: "int", fromFlag: parseInteger, fromFile: wantInteger },
  string: { word: "string", fromFlag: (argument) => argument, fromFile: text },
  memory: { word: "bytes", fromFlag: parseSize, fromFile: (value) => parseSize(typeof value === "number" ? `${value}` : text(value)) },
  ip: { word: "ip", fromFlag: parseAddress, fromFile: (value) => parseAddress(text(value)) },
  list: { word: "list", fromFlag: (argument, before = []) => [...before, argument], fromFile: wantStrings },
  ips: {
    word: "ip list",
    fromFlag: (argument, before = []) => [...before, ...argument.split(",").map(parseAddress)],
    fromFile: (value) => wantStrings(value).map(parseAddress),
  },
  map: { word: "key=value", fromFlag: addPair, fromFile: (value) => wantMap(value, text) },
  switches: { word: "name=bool", fromFlag: addSwitch, fromFile: (value) => wantMap(value, (item) => want("boolean", item)) },
  maps: { word: "driver=key=value", fromFlag: addNestedPair, fromFile: (value) => wantMap(value, (inner) => wantMap(inner, text)) },
  ulimits: { word: "ulimit", fromFlag: addUlimit, fromFile: readUlimits },
  runtimes: { word: "name=path", fromFlag: addRuntime, fromFile: readRuntimes },
  pools: { word: "pool", fromFlag: addPool, fromFile: readPools },
  object: { word: "", fromFlag: refuseFlag, fromFile: (value) => want("object", value) },
};

function refuseFlag(): never {
  throw new ConfigError("can be given in the configuration file only");
}
