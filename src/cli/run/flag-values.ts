import { EngineError } from "#errors/engine-error.ts";
import { parseDuration } from "#lib/duration.ts";
import { parseMemory } from "#lib/units.ts";

/** Values of flags, read as Docker's command line reads them. Each names the flag in its error. */

const wrong = (flag: string, value: string, want: string): EngineError =>
  new EngineError("invalid", `invalid argument ${JSON.stringify(value)} for "--${flag}": want ${want}`);

export function memory(flag: string, value: string): number {
  if (value === "-1") return -1;
  const bytes = parseMemory(value);
  if (bytes === undefined) throw wrong(flag, value, "a size such as 64m or 1.5g");
  return bytes;
}

export function integer(flag: string, value: string): number {
  if (!/^-?\d{1,15}$/.test(value)) throw wrong(flag, value, "a whole number");
  return Number(value);
}

/** Nanoseconds. */
export function duration(flag: string, value: string): number {
  const nanos = parseDuration(value);
  if (nanos === undefined) throw wrong(flag, value, "a duration such as 30s or 1m30s");
  return Number(nanos);
}

/** Billionths of a processor. */
export function cpus(flag: string, value: string): number {
  if (!/^\d*\.?\d+$/.test(value)) throw wrong(flag, value, "a number such as 1.5");
  return Math.round(Number(value) * 1e9);
}

/** `name=value`; without the sign, an empty value. */
export function pair(value: string): [string, string] {
  const at = value.indexOf("=");
  return at < 0 ? [value, ""] : [value.slice(0, at), value.slice(at + 1)];
}

/** `nofile=1024:2048`. */
export function ulimit(flag: string, value: string): { Name: string; Soft: number; Hard: number } {
  const match = /^(\w+)=(-?\d+)(?::(-?\d+))?$/.exec(value);
  if (match === null) throw wrong(flag, value, "name=soft[:hard]");
  const [, name = "", soft = "", hard = soft] = match;
  return { Name: name, Soft: Number(soft), Hard: Number(hard) };
}

/** `/dev/x[:/dev/y][:rwm]`. */
export function device(flag: string, value: string): { PathOnHost: string; PathInContainer: string; CgroupPermissions: string } {
  const [host = "", second, third] = value.split(":");
  if (!host.startsWith("/")) throw wrong(flag, value, "/dev/x[:/dev/y][:rwm]");
  const permissions = third ?? (second !== undefined && /^[rwm]+$/.test(second) ? second : "rwm");
  const inside = second === undefined || second === permissions ? host : second;
  return { PathOnHost: host, PathInContainer: inside, CgroupPermissions: permissions };
}
