import type { Logger } from "#lib/logger.ts";
import { formatJson, formatText, levels, type Level, type LogFormat } from "./format.ts";

/** Takes one finished line. */
export type LogSink = (line: string) => void;

interface LogState {
  readonly sink: LogSink;
  readonly format: LogFormat;
  /** Index in `levels` of the least that is written. */
  least: number;
}

/**
 * The daemon's log. pino would do the same for 10 MB of memory and 25 ms at each start, in a program that writes a few lines a minute
 * (docs/adr/0008-a-small-daemon.md).
 */
export class DaemonLogger implements Logger {
  readonly #state: LogState;
  readonly #bindings: Readonly<Record<string, unknown>>;

  private constructor(state: LogState, bindings: Readonly<Record<string, unknown>>) {
    this.#state = state;
    this.#bindings = bindings;
  }

  static create(options: { level: Level; format: "text" | "json"; sink: LogSink }): DaemonLogger {
    const format = options.format === "json" ? formatJson : formatText;
    return new DaemonLogger({ sink: options.sink, format, least: levels.indexOf(options.level) }, {});
  }

  /** Also of every child. */
  setLevel(level: Level): void {
    this.#state.least = levels.indexOf(level);
  }

  debug(context: object, message: string): void {
    this.#write("debug", context, message);
  }

  info(context: object, message: string): void {
    this.#write("info", context, message);
  }

  warn(context: object, message: string): void {
    this.#write("warn", context, message);
  }

  error(context: object, message: string): void {
    this.#write("error", context, message);
  }

  child(bindings: object): Logger {
    return new DaemonLogger(this.#state, { ...this.#bindings, ...bindings });
  }

  #write(level: Level, context: object, message: string): void {
    const { sink, format, least } = this.#state;
    if (levels.indexOf(level) < least) return;
    sink(format({ time: new Date(), level, message, context: { ...this.#bindings, ...context } }));
  }
}
