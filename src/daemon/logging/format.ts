import { inspect } from "node:util";

export const levels = ["debug", "info", "warn", "error", "fatal"] as const;
export type Level = (typeof levels)[number];

interface LogEntry {
  readonly time: Date;
  readonly level: Level;
  readonly message: string;
  readonly context: Readonly<Record<string, unknown>>;
}

export type LogFormat = (entry: LogEntry) => string;

/** One object a line, under the names that Docker's own JSON log has. */
export const formatJson: LogFormat = ({ time, level, message, context }) => {
  const fields = Object.entries(context).map(([key, value]): [string, unknown] => [key, plain(value)]);
  return `${JSON.stringify({ time: time.toISOString(), level, msg: message, ...Object.fromEntries(fields) })}\n`;
};

/** `2026-01-02T03:04:05.678Z WARN  the message key=value`. Quoted where a value could be taken for something else, or for a second line. */
export const formatText: LogFormat = ({ time, level, message, context }) => {
  const fields = Object.entries(context).map(([key, value]) => ` ${key}=${quoted(shown(plain(value)))}`);
  return `${time.toISOString()} ${level.toUpperCase().padEnd(5)} ${message.replaceAll(/\p{Cc}/gu, "�")}${fields.join("")}\n`;
};

/** What JSON can hold. An error keeps the chain of what caused it. */
function plain(value: unknown): unknown {
  if (value instanceof Error) return describeError(value);
  return typeof value === "bigint" ? value.toString() : value;
}

function describeError(error: Error): string {
  const code = "code" in error && typeof error.code === "string" && !error.message.includes(error.code) ? ` (${error.code})` : "";
  const cause = error.cause instanceof Error && !error.message.includes(error.cause.message) ? `: ${describeError(error.cause)}` : "";
  return `${error.message}${code}${cause}${originOf(error)}`;
}

/** Names of errors that the language throws: mistakes of ours, which are of no use without the place. */
const MISTAKES: readonly string[] = ["TypeError", "ReferenceError", "RangeError", "AssertionError"];

function originOf(error: Error): string {
  if (!MISTAKES.includes(error.name)) return "";
  const frames = (error.stack ?? "").split("\n").filter((line) => line.startsWith("    at "));
  return frames
    .slice(0, 5)
    .map((frame) => `\n${frame}`)
    .join("");
}

function shown(value: unknown): string {
  return typeof value === "object" && value !== null ? (JSON.stringify(value) ?? inspect(value)) : String(value);
}

function quoted(text: string): string {
  return /^[\w.:/@+,-]+$/.test(text) ? text : JSON.stringify(text);
}
