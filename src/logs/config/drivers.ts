import { messageOf } from "#errors/engine-error.ts";
import { checkAttributes } from "./attributes.ts";
import type { LogLayout } from "../layout.ts";
import { invalid, type LogOptions, parseBoolean, parseCount, parseSize } from "./options.ts";

/** What a container's `LogConfig` asks for. */
export interface LogConfig {
  readonly driver: string;
  readonly options: LogOptions;
}

/** A log driver, as far as drivers differ: all that can be read are kept and read by the same code. */
export interface LogDriver {
  /** Undefined: nothing is kept. @throws EngineError `invalid` for a value that is none, with Docker's text. */
  layout(options: LogOptions): LogLayout | undefined;
  /** Docker's text for an option that it does not have; undefined: none is looked at. */
  readonly unknownOption: ((option: string) => string) | undefined;
}

const MEGABYTE = 1_000_000;
const MEBIBYTE = 1024 * 1024;

/** Docker's defaults, but for json-file's size and count: docs/adr/0018. */
const drivers = {
  "json-file": {
    layout: (options) => fileLayout(options, { fileBytes: 10 * MEGABYTE, files: 3, compress: false }),
    unknownOption: (option) => `unknown log opt '${option}' for json-file log driver`,
  },
  local: {
    layout: (options) => localLayout(options),
    unknownOption: (option) => `unknown log opt '${option}' for log driver local`,
  },
  none: { layout: () => undefined, unknownOption: undefined },
} as const satisfies Record<string, LogDriver>;

/** Names, sorted, as `docker info` lists them. */
export const logDriverNames: readonly string[] = Object.keys(drivers).toSorted();

/** Docker's drivers that would send logs away: what reads them here is left to programs that read the files. */
const REFUSED = new Set(["syslog", "journald"]);

const OPTIONS: ReadonlySet<string> = new Set(["max-size", "max-file", "compress", "labels", "labels-regex", "env", "env-regex", "tag"]);
const MODE_OPTIONS: ReadonlySet<string> = new Set(["mode", "max-buffer-size"]);

/**
 * Checks a driver and its options, in Docker's order (moby daemon/logger/factory.go).
 *
 * @throws EngineError `invalid` with Docker's text.
 */
export function checkLogConfig({ driver: name, options }: LogConfig): void {
  if (name === "none") return;
  checkMode(options);
  const driver = driverNamed(name);
  const unknown = Object.keys(options).find((option) => !OPTIONS.has(option) && !MODE_OPTIONS.has(option));
  if (unknown !== undefined && driver.unknownOption !== undefined) throw invalid(driver.unknownOption(unknown));
  logLayout({ driver: name, options });
  checkAttributes(options);
}

/** How much of a container's log is kept; undefined: nothing. @throws EngineError `invalid` with Docker's text. */
export function logLayout({ driver, options }: LogConfig): LogLayout | undefined {
  try {
    return driverNamed(driver).layout(options);
  } catch (cause) {
    if (!Object.hasOwn(drivers, driver)) throw cause;
    throw invalid(`failed to initialize logging driver: ${messageOf(cause)}`);
  }
}

/** What Docker does with a daemon's options for containers of the same driver: each stands where the container has none of that name. */
export function mergeLogConfig(given: { Type?: string | undefined; Config?: LogOptions | undefined }, defaults: LogConfig): LogConfig {
  const driver = given.Type || defaults.driver;
  const options = given.Config ?? {};
  return { driver, options: driver === defaults.driver ? { ...defaults.options, ...options } : options };
}

function driverNamed(name: string): LogDriver {
  const known: Readonly<Record<string, LogDriver>> = drivers;
  const driver = Object.hasOwn(known, name) ? known[name] : undefined;
  if (driver !== undefined) return driver;
  if (!REFUSED.has(name)) throw invalid(`logger: no log driver named '${name}' is registered`);
  throw invalid(`logger: the log driver '${name}' is not supported by this engine: use one of ${logDriverNames.join(", ")}`);
}

function checkMode(options: LogOptions): void {
  const mode = options["mode"] ?? "";
  if (!["", "blocking", "non-blocking"].includes(mode)) throw invalid(`logger: logging mode not supported: ${mode}`);
  const size = options["max-buffer-size"];
  if (size === undefined) return;
  if (mode !== "non-blocking") throw invalid("logger: max-buffer-size option is only supported with 'mode=non-blocking'");
  explained("error parsing option max-buffer-size", () => parseSize(size, 1024));
}

type Kept = Pick<LogLayout, "fileBytes" | "files" | "compress">;

function fileLayout(options: LogOptions, defaults: Kept): LogLayout {
  const { "max-size": size, "max-file": count, compress } = options;
  const fileBytes = size === undefined ? defaults.fileBytes : parseSize(size);
  if (fileBytes <= 0) throw invalid("max-size must be a positive number");
  const files = count === undefined ? defaults.files : parseCount(count);
  if (files < 1) throw invalid("max-file cannot be less than 1");
  const compressed = compress === undefined ? defaults.compress : parseBoolean(compress);
  if (compressed && files === 1) throw invalid("compress cannot be true when max-file is less than 2 or max-size is not set");
  return layoutOf({ fileBytes, files, compress: compressed }, options);
}

function localLayout(options: LogOptions): LogLayout {
  const { "max-size": size, "max-file": count, compress } = options;
  const fileBytes = size === undefined ? 20 * MEBIBYTE : explained(`invalid value for max-size: ${size}`, () => parseSize(size));
  const files = count === undefined ? 5 : explained(`invalid value for max-file: ${count}`, () => parseCount(count));
  const compressed = compress === undefined || explained("invalid boolean value for compress", () => parseBoolean(compress));
  if (files < 0) throw invalid("max-file must not be negative");
  if (compressed && files <= 1) throw invalid("compression cannot be enabled when max file count is 1");
  if (fileBytes === 0) throw invalid("max-size must be a positive number");
  return layoutOf({ fileBytes, files: Math.max(files, 1), compress: compressed }, options);
}

/** conmon's own lines are of some 8 KiB at most: a file has to take at least one. */
const LEAST_FILE = 16 * 1024;

/** One file that starts anew when it is full would leave nothing to read: two of half the size are the same on the disk. */
function layoutOf(kept: Kept, options: LogOptions): LogLayout {
  const { fileBytes, files } = kept.files === 1 ? { fileBytes: Math.floor(kept.fileBytes / 2), files: 2 } : kept;
  return { fileBytes: Math.max(fileBytes, LEAST_FILE), files, compress: kept.compress, blocking: options["mode"] !== "non-blocking" };
}

function explained<T>(what: string, parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    throw invalid(`${what}: ${messageOf(cause)}`);
  }
}
