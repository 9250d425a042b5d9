import { messageOf } from "#errors/engine-error.ts";
import { parseJsonText } from "#lib/json/text.ts";
import { codecs } from "./values/codecs.ts";
import { ConfigError } from "./config-error.ts";
import { want } from "./values/json-values.ts";
import { keyOf, optionNames, rowOf, type OptionName, type Settings } from "./options.ts";

/** Which option each key of daemon.json sets. */
const keys = new Map(
  optionNames.flatMap((name) => [keyOf(name), rowOf(name).alsoKey].filter((key) => key !== undefined).map((key) => [key, name])),
);
const nests = new Set(optionNames.map((name) => rowOf(name).within));

/**
 * Reads the text of a daemon.json. Empty is no setting at all, as Docker has it; a `null` counts as not given.
 *
 * @throws ConfigError for anything that is unknown, given twice or of the wrong type, naming it.
 */
export function parseConfigFile(text: string): Settings {
  const trimmed = text.replace(/^\uFEFF/, "").trim();
  const entries = trimmed === "" ? [] : flatten(readObject(trimmed));
  const unknown = entries.map(([key]) => key).filter((key) => !keys.has(key));
  if (unknown.length > 0) throw new ConfigError(`the following directives don't match any configuration option: ${unknown.join(", ")}`);
  const settings = new Map<OptionName, unknown>();
  for (const [key, value] of entries) store(key, value, settings);
  return Object.fromEntries(settings) as Settings;
}

function readObject(text: string): Readonly<Record<string, unknown>> {
  try {
    return want("object", parseJsonText(text));
  } catch (error) {
    throw new ConfigError(`invalid JSON: ${messageOf(error)}`, { cause: error });
  }
}

/** `{"proxies": {"http-proxy": …}}` as the key `proxies.http-proxy`. */
function flatten(object: Readonly<Record<string, unknown>>): [string, unknown][] {
  return Object.entries(object).flatMap(([key, value]): [string, unknown][] => {
    if (!nests.has(key)) return [[key, value]];
    const inner = value === null ? {} : at(key, () => want("object", value));
    return Object.entries(inner).map(([name, item]) => [`${key}.${name}`, item]);
  });
}

function store(key: string, value: unknown, settings: Map<OptionName, unknown>): void {
  const name = keys.get(key);
  if (name === undefined || value === null) return;
  if (settings.has(name)) throw new ConfigError(`${key} and ${keyOf(name)} must not both be specified in the config file`);
  settings.set(
    name,
    at(key, () => codecs[rowOf(name).type].fromFile(value)),
  );
}

/** Puts the key's name before what is wrong with its value. */
function at<T>(key: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new ConfigError(`${key}: ${messageOf(error)}`, { cause: error });
  }
}
