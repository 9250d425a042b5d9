import { parseDuration } from "#lib/duration.ts";
import { parseMemory } from "#lib/units.ts";
import { invalid } from "../arguments/flag.ts";

/** Values of flags, read as Docker's command line reads them. What they throw says what was wanted; the flag's name is added to it. */

/** Bytes; -1 is no limit. */
export function memory(text: string): number {
  return text === "-1" ? -1 : (parseMemory(text) ?? invalid("must be a size such as 64m or 1.5g"));
}

/** Nanoseconds. */
export function duration(text: string): number {
  const nanoseconds = parseDuration(text);
  return nanoseconds === undefined ? invalid("must be a duration such as 30s or 1m30s") : Number(nanoseconds);
}

/** Billionths of a processor. */
export function cpus(text: string): number {
  return /^\d{0,9}\.?\d{1,9}$/.test(text) ? Math.round(Number(text) * 1e9) : invalid("must be a number such as 1.5");
}

/** `name=value`; without the sign, an empty value. */
export function pair(text: string): [string, string] {
  const at = text.indexOf("=");
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}

/** One of some words. */
export function oneOf<W extends string>(...words: readonly W[]): (text: string) => W {
  return (text) => words.find((word) => word === text) ?? invalid(`must be one of ${words.join(", ")}`);
}

/** `nofile=1024:2048`. */
export function ulimit(text: string): { Name: string; Soft: number; Hard: number } {
  const [, name, soft = "", hard = soft] = /^(\w+)=(-?\d+)(?::(-?\d+))?$/.exec(text) ?? [];
  return name === undefined ? invalid("must be name=soft[:hard]") : { Name: name, Soft: Number(soft), Hard: Number(hard) };
}

/** `/dev/x[:/dev/y][:rwm]`. */
export function device(text: string): { PathOnHost: string; PathInContainer: string; CgroupPermissions: string } {
  const [path = "", ...rest] = text.split(":");
  const permissions = rest.length > 0 && /^[rwm]+$/.test(rest.at(-1) ?? "") ? rest.pop() : "rwm";
  const [inside = path, ...more] = rest;
  if (!path.startsWith("/") || !inside.startsWith("/") || more.length > 0) invalid("must be /dev/x[:/dev/y][:rwm]");
  return { PathOnHost: path, PathInContainer: inside, CgroupPermissions: permissions ?? "rwm" };
}

/** `/dev/sda:1mb` as bytes a second. */
export function byteRate(text: string): { Path: string; Rate: number } {
  const [path, value] = deviceAnd(text);
  return { Path: path, Rate: parseMemory(value) ?? invalid("must be /dev/x:RATE, the rate a size such as 1mb") };
}

/** `/dev/sda:1000` as operations a second. */
export function operationRate(text: string): { Path: string; Rate: number } {
  const [path, value] = deviceAnd(text);
  return { Path: path, Rate: /^\d{1,15}$/.test(value) ? Number(value) : invalid("must be /dev/x:RATE, the rate a whole number") };
}

/** `/dev/sda:500`. */
export function deviceWeight(text: string): { Path: string; Weight: number } {
  const [path, value] = deviceAnd(text);
  return { Path: path, Weight: /^\d{1,4}$/.test(value) ? Number(value) : invalid("must be /dev/x:WEIGHT") };
}

function deviceAnd(text: string): [string, string] {
  const at = text.lastIndexOf(":");
  return text.startsWith("/dev/") && at > 0 ? [text.slice(0, at), text.slice(at + 1)] : invalid("must be /dev/x:VALUE");
}

/** `on-failure:3`. */
export function restartPolicy(text: string): { Name: "" | "no" | "always" | "unless-stopped" | "on-failure"; MaximumRetryCount?: number } {
  const [name = "", most, ...more] = text.split(":");
  const known = oneOf("", "no", "always", "unless-stopped", "on-failure")(name);
  if (more.length > 0 || (most !== undefined && !/^\d{1,9}$/.test(most))) invalid("maximum retry count must be an integer");
  return { Name: known, ...(most === undefined ? {} : { MaximumRetryCount: Number(most) }) };
}

/** The lines of a file of variables or labels: neither empty ones nor comments. */
export function linesOf(text: string): string[] {
  return text
    .replace(/^\u{feff}/u, "")
    .split("\n")
    .map((line) => line.replace(/\r$/, "").trimStart())
    .filter((line) => line !== "" && !line.startsWith("#"));
}
