import { buildConfig } from "./build-config.ts";
import type { DaemonEnvironment } from "./env.ts";
import type { LoadedConfig } from "./load.ts";
import { optionNames, rowOf, type OptionName, type Settings } from "./options.ts";

export interface Reload extends LoadedConfig {
  /** What has changed and waits for a restart. */
  readonly waiting: readonly OptionName[];
}

/**
 * What runs after a reload: what may change at run time as it is now, the rest as it was at the start.
 *
 * @param now as freshly loaded, and so known to be valid.
 */
export function applyReload(before: LoadedConfig, now: LoadedConfig, environment: DaemonEnvironment): Reload {
  const changed = optionNames.filter((name) => JSON.stringify(before.settings[name]) !== JSON.stringify(now.settings[name]));
  const live = changed.filter((name) => rowOf(name).reload === true);
  const settings = { ...before.settings };
  for (const name of live) replace(settings, now.settings, name);
  return { settings, config: buildConfig(settings, environment), waiting: changed.filter((name) => !live.includes(name)) };
}

function replace(settings: Partial<Record<OptionName, unknown>>, from: Settings, name: OptionName): void {
  if (from[name] === undefined) delete settings[name];
  else settings[name] = from[name];
}
