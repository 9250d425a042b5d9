import type { BlockIoEntry } from "./usage.ts";

/** Files of cgroupfs as values. What is missing or odd counts as nothing: a group may go while it is read. */

/** One number; `max` is undefined. */
export function parseCount(text: string): bigint | undefined {
  const trimmed = text.trim();
  return /^\d+$/.test(trimmed) ? BigInt(trimmed) : undefined;
}

/** Lines of `key number`. */
export function parseKeys(text: string): ReadonlyMap<string, bigint> {
  const values = new Map<string, bigint>();
  for (const line of text.split("\n")) {
    const at = line.indexOf(" ");
    const value = at < 0 ? undefined : parseCount(line.slice(at + 1));
    if (value !== undefined) values.set(line.slice(0, at), value);
  }
  return values;
}

/** Numbers with spaces between. */
export function parseCounts(text: string): bigint[] {
  return text.split(" ").flatMap((word) => parseCount(word) ?? []);
}

/** v1: lines of `254:0 Read 4096`; the sum over all devices, which has no device, is left out. */
export function parseDeviceOperations(text: string): BlockIoEntry[] {
  return text.split("\n").flatMap((line) => {
    const match = /^(\d+):(\d+) ([A-Za-z]+) (\d+)$/.exec(line);
    return match === null ? [] : [entry(match[1], match[2], match[3] ?? "", match[4])];
  });
}

/** v2, io.stat: lines of `254:0 rbytes=4096 wbytes=0 rios=1 …`. */
export function parseIoStat(text: string): BlockIoEntry[] {
  return text.split("\n").flatMap((line) => {
    const [, major, minor, rest = ""] = /^(\d+):(\d+) (.*)$/.exec(line) ?? [];
    if (major === undefined) return [];
    const count = (key: string): string => new RegExp(`(?:^| )${key}=(\\d+)`).exec(rest)?.[1] ?? "0";
    return [entry(major, minor, "read", count("rbytes")), entry(major, minor, "write", count("wbytes"))];
  });
}

function entry(major = "0", minor = "0", operation: string, value = "0"): BlockIoEntry {
  return { major: BigInt(major), minor: BigInt(minor), operation, value: BigInt(value) };
}
