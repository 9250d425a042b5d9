import { closeSync, constants, openSync, readSync } from "node:fs";
import { messageOf } from "#errors/engine-error.ts";
import { buildConfig } from "./build-config.ts";
import { ConfigError } from "./config-error.ts";
import type { DaemonConfig } from "./daemon-config.ts";
import type { DaemonEnvironment } from "./env.ts";
import { parseConfigFile } from "./file.ts";
import { mergeSettings, refuseUnready } from "./merge.ts";
import { keyOf, type Settings } from "./options.ts";

/** Larger than any configuration; a file without an end (a device) stops here. */
const LARGEST_FILE = 1024 * 1024;

/** A configuration, and the settings that it was made of, for a reload to compare. */
export interface LoadedConfig {
  readonly config: DaemonConfig;
  readonly settings: Settings;
}

/**
 * Reads the configuration file that the flags name, or the default one when it exists, and puts everything together.
 *
 * @throws ConfigError with Docker's texts.
 */
export function loadConfig(flags: Settings, environment: DaemonEnvironment): LoadedConfig {
  refuseUnready(flags, (option) => `--${option}`);
  const path = configFileOf(flags);
  return explain(path, () => {
    const settings = mergeSettings(flags, readFile(path, flags["config-file"] !== undefined));
    return { settings, config: buildMerged(settings, environment) };
  });
}

function buildMerged(settings: Settings, environment: DaemonEnvironment): DaemonConfig {
  try {
    return buildConfig(settings, environment);
  } catch (error) {
    throw new ConfigError(`merged configuration validation from file and command line flags failed: ${messageOf(error)}`, { cause: error });
  }
}

/** A daemon with a name of its own has a configuration of its own. */
export function configFileOf(flags: Settings): string {
  return flags["config-file"] ?? `/etc/${flags.instance ?? "dhow"}/daemon.json`;
}

function readFile(path: string, required: boolean): Settings {
  const text = readText(path, required);
  const settings = parseConfigFile(text);
  refuseUnready(settings, (option) => keyOf(option) ?? option);
  return settings;
}

function readText(path: string, required: boolean): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(readBounded(path));
  } catch (error) {
    const missing = error instanceof Error && "code" in error && error.code === "ENOENT";
    if (missing && !required) return "";
    throw new ConfigError(missing ? `open ${path}: no such file or directory` : messageOf(error), { cause: error });
  }
}

function readBounded(path: string): Uint8Array {
  // Without O_NONBLOCK, a pipe in the file's place would hold up a reload, and with it everything else.
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const buffer = Buffer.allocUnsafe(LARGEST_FILE + 1);
    let length = 0;
    for (let read = -1; read !== 0 && length < buffer.length; length += read)
      read = readSync(fd, buffer, length, buffer.length - length, null);
    if (length > LARGEST_FILE) throw new ConfigError(`larger than ${LARGEST_FILE} bytes`);
    return buffer.subarray(0, length);
  } finally {
    closeSync(fd);
  }
}

function explain<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new ConfigError(`unable to configure the Docker daemon with file ${path}: ${messageOf(error)}`, { cause: error });
  }
}
