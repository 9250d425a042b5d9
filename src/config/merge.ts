import { ConfigError } from "./config-error.ts";
import { goFormat } from "./go-format.ts";
import { keyOf, optionNames, rowOf, type OptionName, type Settings } from "./options.ts";

/** Runtimes of both places are put together, as Docker does. */
const MERGED = "add-runtime" satisfies OptionName;

/**
 * Puts flags and file together. Each setting may stand in one place only: which of the two wins is a guess that people get wrong.
 *
 * @throws ConfigError with Docker's text, naming each setting and both values.
 */
export function mergeSettings(flags: Settings, file: Settings): Settings {
  const twice = optionNames.filter((name) => name !== MERGED && flags[name] !== undefined && file[name] !== undefined);
  if (twice.length > 0) {
    const shown = twice.map((name) => `${keyOf(name)}: (from flag: ${shownValue(name, flags)}, from file: ${shownValue(name, file)})`);
    throw new ConfigError(`the following directives are specified both as a flag and in the configuration file: ${shown.join(", ")}`);
  }
  return { ...file, ...flags, ...mergeRuntimes(flags[MERGED], file[MERGED]) };
}

function mergeRuntimes(flag: Settings[typeof MERGED], file: Settings[typeof MERGED]): Settings {
  const twice = Object.keys(flag ?? {}).find((name) => Object.hasOwn(file ?? {}, name));
  if (twice !== undefined) throw new ConfigError(`runtime '${twice}' was already defined`);
  return flag === undefined && file === undefined ? {} : { [MERGED]: { ...file, ...flag } };
}

/** Passwords in a proxy's URL are for the proxy. */
function shownValue(name: OptionName, settings: Settings): string {
  return goFormat(settings[name]).replace(/\/\/[^/@]*@/, "//xxxxx:xxxxx@");
}

/**
 * Refuses what Dhow does not honour yet: an option that is taken and then ignored is a promise that is not kept.
 *
 * @throws ConfigError naming each of them.
 */
export function refuseUnready(settings: Settings, nameOf: (option: OptionName) => string): void {
  const refused = optionNames.flatMap((name) => {
    const value = settings[name];
    const { ready } = rowOf(name);
    if (value === undefined || ready === true || ready?.includes(value as string | boolean) === true) return [];
    return [
      ready === undefined
        ? `${nameOf(name)} is not implemented yet by Dhow`
        : `${nameOf(name)} is not implemented yet by Dhow, other than ${ready.join(" or ")}`,
    ];
  });
  if (refused.length > 0) throw new ConfigError(`${refused.join("; ")}. Leave it out`);
}
