import { ConfigError } from "../config-error.ts";
import type { LogConfig, LogLevel } from "../daemon-config.ts";
import type { Settings } from "../options.ts";

/** Docker takes two more levels than it has; they mean the nearest one. */
const LEVELS: Readonly<Record<string, LogLevel>> = {
  trace: "debug",
  debug: "debug",
  info: "info",
  warn: "warn",
  error: "error",
  fatal: "fatal",
  panic: "fatal",
};

export function buildLog(settings: Settings): LogConfig {
  const name = settings["log-level"] ?? "info";
  const level = Object.hasOwn(LEVELS, name.toLowerCase()) ? LEVELS[name.toLowerCase()] : undefined;
  if (level === undefined) throw new ConfigError(`invalid logging level: ${name}`);
  const format = settings["log-format"] ?? "text";
  if (format !== "text" && format !== "json") throw new ConfigError(`invalid log format: ${format}`);
  return { level: settings.debug === true ? "debug" : level, format };
}

/** Each label once. @throws ConfigError with Docker's texts. */
export function buildLabels(given: readonly string[]): string[] {
  const values = new Map<string, string>();
  for (const label of given) {
    const separator = label.indexOf("=");
    if (separator <= 0) throw new ConfigError(`bad attribute format: ${label}`);
    const key = label.slice(0, separator);
    const before = values.get(key);
    if (before !== undefined && before !== label) throw new ConfigError(`conflict labels for ${label} and ${before}`);
    values.set(key, label);
  }
  return [...values.values()];
}
