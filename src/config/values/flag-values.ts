import { isIP } from "node:net";
import { parseMemory } from "#lib/units.ts";
import { ConfigError } from "../config-error.ts";
import { record } from "./json-values.ts";
import type { ValueTypes } from "./types.ts";

/** What Go's ParseBool takes, since scripts pass it to Docker's flags. */
export function parseBoolean(text: string): boolean {
  if (/^(?:1|t|T|true|TRUE|True)$/.test(text)) return true;
  if (/^(?:0|f|F|false|FALSE|False)$/.test(text)) return false;
  throw new ConfigError("want true or false");
}

export function parseInteger(text: string): number {
  if (!/^[+-]?\d{1,15}$/.test(text)) throw new ConfigError("want a whole number");
  return Number(text);
}

export function parseSize(text: string): number {
  const bytes = parseMemory(text);
  if (bytes === undefined) throw new ConfigError(`invalid size: '${text}'`);
  return bytes;
}

export function parseAddress(text: string): string {
  if (isIP(text) === 0) throw new ConfigError(`invalid IP address: ${text}`);
  return text;
}

/** `key=value`. */
export function splitPair(text: string, what: string): [string, string] {
  const separator = text.indexOf("=");
  if (separator <= 0) throw new ConfigError(`invalid ${what}: ${text}`);
  return [text.slice(0, separator), text.slice(separator + 1)];
}

export function addPair(text: string, before: ValueTypes["map"] = {}): ValueTypes["map"] {
  return record([...Object.entries(before), splitPair(text, "option (want key=value)")]);
}

/** `name` or `name=false`. */
export function addSwitch(text: string, before: ValueTypes["switches"] = {}): ValueTypes["switches"] {
  const [key, value] = text.includes("=") ? splitPair(text, "feature") : [text, "true"];
  return record([...Object.entries(before), [key, parseBoolean(value)]]);
}

/** `driver=key=value`. */
export function addNestedPair(text: string, before: ValueTypes["maps"] = {}): ValueTypes["maps"] {
  const [driver, option] = splitPair(text, "network option (want driver=key=value)");
  return record([...Object.entries(before), [driver, addPair(option, before[driver])]]);
}
