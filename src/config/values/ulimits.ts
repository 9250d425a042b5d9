import { ConfigError } from "../config-error.ts";
import { record, want, wantInteger, wantMap } from "./json-values.ts";
import type { Ulimit, ValueTypes } from "./types.ts";

const NAMES = /^(?:core|cpu|data|fsize|locks|memlock|msgqueue|nice|nofile|nproc|rss|rtprio|rttime|sigpending|stack)$/;

/** `nofile=1024` or `nofile=1024:2048`. */
export function addUlimit(text: string, before: ValueTypes["ulimits"] = {}): ValueTypes["ulimits"] {
  const match = /^(\w+)=(-?\d{1,15})(?::(-?\d{1,15}))?$/.exec(text);
  if (match === null) throw new ConfigError(`invalid ulimit argument: ${text}`);
  const [, name = "", soft, hard = soft] = match;
  return record([...Object.entries(before), [name, checked(name, Number(soft), Number(hard))]]);
}

/** `{"nofile": {"Name": "nofile", "Soft": 1024, "Hard": 2048}}`. */
export function readUlimits(value: unknown): ValueTypes["ulimits"] {
  return wantMap(value, (item, key) => {
    const { Name = key, Soft, Hard = Soft } = want("object", item);
    if (Name !== key) throw new ConfigError(`ulimit ${key}: its Name is ${JSON.stringify(Name)}`);
    return checked(key, wantInteger(Soft), wantInteger(Hard));
  });
}

function checked(name: string, soft: number, hard: number): Ulimit {
  if (!NAMES.test(name)) throw new ConfigError(`invalid ulimit type: ${name}`);
  if (hard !== -1 && (soft === -1 || soft > hard)) {
    throw new ConfigError(`ulimit soft limit must be less than or equal to hard limit: ${soft} > ${hard}`);
  }
  return { soft, hard };
}
