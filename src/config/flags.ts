import { messageOf } from "#errors/engine-error.ts";
import { codecs, type Codec } from "./values/codecs.ts";
import { ConfigError } from "./config-error.ts";
import { optionNames, rowOf, type OptionName, type Settings } from "./options.ts";

/**
 * Reads a command line by the rules of the library that Docker uses: `--name value`, `--name=value`, `-n value`, `-nvalue`,
 * switches in a bunch (`-DH unix:///x`), lists by repetition, and of anything else the last one.
 *
 * @throws ConfigError with Docker's texts.
 */
export function parseFlags(argv: readonly string[]): Settings {
  const settings = new Map<OptionName, unknown>();
  const words = [...argv];
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    if (word.startsWith("--") && word !== "--") readLong(word.slice(2), words, settings);
    else if (/^-[^-]/.test(word)) readShort(word.slice(1), words, settings);
    else if (word !== "--" || words.length > 0) throw usage('"dhowd" accepts no arguments.');
  }
  return Object.fromEntries(settings) as Settings;
}

function readLong(text: string, words: string[], settings: Map<OptionName, unknown>): void {
  const separator = text.indexOf("=");
  const flag = separator < 0 ? text : text.slice(0, separator);
  const name = optionNames.find((option) => option === flag && rowOf(option).fileOnly === undefined);
  if (name === undefined) throw usage(`unknown flag: --${flag}`);
  const attached = separator < 0 ? undefined : text.slice(separator + 1);
  store(name, attached ?? argumentOf(name, `--${flag}`, words), settings);
}

function readShort(text: string, words: string[], settings: Map<OptionName, unknown>): void {
  const letter = text.slice(0, 1);
  const name = optionNames.find((option) => rowOf(option).short === letter);
  if (name === undefined) throw usage(`unknown shorthand flag: '${letter}' in -${text}`);
  const rest = text.slice(1);
  if (rest.startsWith("=")) return store(name, rest.slice(1), settings);
  if (rest === "") return store(name, argumentOf(name, `'${letter}' in -${letter}`, words), settings);
  if (rowOf(name).type !== "bool") return store(name, rest, settings);
  store(name, "true", settings);
  readShort(rest, words, settings);
}

/** The next word; a switch takes none. */
function argumentOf(name: OptionName, shown: string, words: string[]): string {
  if (rowOf(name).type === "bool") return "true";
  const word = words.shift();
  if (word === undefined) throw usage(`flag needs an argument: ${shown}`);
  return word;
}

function store(name: OptionName, argument: string, settings: Map<OptionName, unknown>): void {
  const codec = codecs[rowOf(name).type] as Codec<unknown>;
  try {
    settings.set(name, codec.fromFlag(argument, settings.get(name)));
  } catch (error) {
    const { short } = rowOf(name);
    const shown = short === undefined ? `--${name}` : `-${short}, --${name}`;
    throw usage(`invalid argument ${JSON.stringify(argument)} for "${shown}" flag: ${messageOf(error)}`);
  }
}

function usage(message: string): ConfigError {
  return new ConfigError(`${message}\nSee 'dhowd --help'.`);
}
