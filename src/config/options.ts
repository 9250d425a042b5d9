import { apiOptions } from "./options/api.ts";
import { containersOptions } from "./options/containers.ts";
import { daemonOptions } from "./options/daemon.ts";
import { foreignOptions } from "./options/foreign.ts";
import { imagesOptions } from "./options/images.ts";
import { networkOptions } from "./options/network.ts";
import { registryOptions } from "./options/registry.ts";
import type { OptionRow } from "./options/row.ts";
import type { ValueTypes } from "./values/types.ts";

/** Every flag and key of dockerd 28, and the few of our own (`instance`, `min-api-version`, `ephemeral`, `bind-owner`, `health-on-failure`, `restart-dependants`, `signature-policy`, `registry-…`). */
const options = {
  ...apiOptions,
  ...containersOptions,
  ...daemonOptions,
  ...foreignOptions,
  ...imagesOptions,
  ...networkOptions,
  ...registryOptions,
} as const;

export type OptionName = keyof typeof options;

/** What was given, by option; what was not given is absent. */
export type Settings = { readonly [N in OptionName]?: ValueTypes[(typeof options)[N]["type"]] };

export const optionNames = Object.keys(options) as OptionName[];

/** The row as its general type, whose optional fields can be asked for. */
export function rowOf(name: OptionName): OptionRow {
  return options[name];
}

/** The key's full name in daemon.json, undefined for what cannot stand there. */
export function keyOf(name: OptionName): string | undefined {
  const { key = name, within } = rowOf(name);
  if (key === null) return undefined;
  return within === undefined ? key : `${within}.${key}`;
}
