import { ConfigError } from "../config-error.ts";
import { splitPair } from "./flag-values.ts";
import { record, want, wantMap, wantStrings } from "./json-values.ts";
import type { RuntimeEntry, ValueTypes } from "./types.ts";

/** Names that mean what the host has; Docker reserves its stock runtime's name in the same way. */
const RESERVED = ["crun", "runc"];

/** `name=path`. */
export function addRuntime(text: string, before: ValueTypes["runtimes"] = {}): ValueTypes["runtimes"] {
  const [name, path] = splitPair(text, "runtime argument");
  if (Object.hasOwn(before, name)) throw new ConfigError(`runtime '${name}' was already defined`);
  return record([...Object.entries(before), [name, checked(name, { path, args: [] })]]);
}

/** `{"name": {"path": "/usr/bin/x", "runtimeArgs": ["--flag"]}}`. */
export function readRuntimes(value: unknown): ValueTypes["runtimes"] {
  return wantMap(value, (item, name) => {
    const { path, runtimeArgs = [], ...rest } = want("object", item);
    const unknown = Object.keys(rest)[0];
    if (unknown !== undefined) throw new ConfigError(`runtime '${name}': ${unknown} is not implemented yet by Dhow`);
    return checked(name, { path: want("string", path), args: wantStrings(runtimeArgs) });
  });
}

function checked(name: string, entry: RuntimeEntry): RuntimeEntry {
  if (RESERVED.includes(name)) throw new ConfigError(`runtime name '${name}' is reserved`);
  if (entry.path === "") throw new ConfigError(`runtime '${name}' has no path`);
  return entry;
}
