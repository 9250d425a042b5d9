import { parseMemory } from "#lib/units.ts";
import { Refusal } from "../parser/fault.ts";
import { csvFields } from "./csv.ts";
import type { CacheSharing, MountWords, RunMount } from "./instruction.ts";
import { didYouMean } from "./suggest.ts";

type MountType = RunMount["type"];

const TYPES: readonly MountType[] = ["bind", "cache", "tmpfs", "secret", "ssh"];
const SHARING: readonly CacheSharing[] = ["shared", "private", "locked"];
/** Every key, and the one of the same meaning under which its value is kept. */
const KEYS: Readonly<Record<string, string>> = {
  type: "type",
  from: "from",
  source: "source",
  src: "source",
  target: "target",
  dst: "target",
  destination: "target",
  readonly: "readonly",
  ro: "readonly",
  readwrite: "readwrite",
  rw: "readwrite",
  id: "id",
  sharing: "sharing",
  required: "required",
  size: "size",
  mode: "mode",
  uid: "uid",
  gid: "gid",
  env: "env",
};
const MAY_STAND_ALONE: ReadonlySet<string> = new Set(["readonly", "readwrite", "required"]);

/** Divides a `--mount=`. Only `from` is looked at: it decides which stages are needed, before any variable is known. @throws Refusal */
export function mountWords(text: string): MountWords {
  const words = csvFields(text).map((field) => {
    const equals = field.indexOf("=");
    if (equals < 0) return { key: field.toLowerCase(), value: undefined };
    return { key: field.slice(0, equals).toLowerCase(), value: field.slice(equals + 1) };
  });
  const from = words.find((word) => word.key === "from")?.value ?? "";
  const dollar = from.indexOf("$");
  if (dollar >= 0 && dollar < from.length - 1) {
    throw new Refusal("'from' doesn't support variable expansion, define alias stage instead");
  }
  return words;
}

/** The mount, once its variables are expanded. @throws Refusal */
export function readMount(words: MountWords, expand: (word: string) => string): RunMount {
  const fields = new Map<string, string>();
  for (const { key, value } of words) {
    const name = Object.hasOwn(KEYS, key) ? KEYS[key] : undefined;
    const written = value === undefined ? key : `${key}=${value}`;
    if (name === undefined) {
      if (value === undefined) throw new Refusal(`invalid field '${written}' must be a key=value pair`);
      throw new Refusal(`unexpected key '${key}' in '${written}'${didYouMean(key, Object.keys(KEYS))}`);
    }
    if (value === undefined && !MAY_STAND_ALONE.has(name)) throw new Refusal(`invalid field '${written}' must be a key=value pair`);
    // The later of `ro` and `rw` counts.
    if (name === "readonly" || name === "readwrite") fields.delete(name === "readonly" ? "readwrite" : "readonly");
    fields.set(name, value === undefined ? "true" : expand(value));
  }
  return new MountFields(fields).mount();
}

class MountFields {
  readonly #fields: ReadonlyMap<string, string>;
  readonly #type: MountType;

  constructor(fields: ReadonlyMap<string, string>) {
    this.#fields = fields;
    this.#type = oneOf("mount type", fields.get("type") ?? "bind", TYPES);
    this.#checkKeys();
  }

  mount(): RunMount {
    switch (this.#type) {
      case "bind":
        return {
          type: "bind",
          target: this.#target(),
          from: this.#some("from"),
          source: this.#some("source"),
          readOnly: this.#isReadOnly(true),
        };
      case "cache":
        return this.#cache();
      case "tmpfs":
        return { type: "tmpfs", target: this.#target(), size: this.#size() };
      case "secret":
        return this.#secret();
      case "ssh":
        return this.#ssh();
    }
  }

  #checkKeys(): void {
    const only: readonly (readonly [string, readonly MountType[], string])[] = [
      ["required", ["secret", "ssh"], `unexpected key 'required' for mount type '${this.#type}'`],
      ["size", ["tmpfs"], `unexpected key 'size' for mount type '${this.#type}'`],
      ["mode", ["secret", "ssh", "cache"], `mode not allowed for "${this.#type}" type mounts`],
      ["uid", ["secret", "ssh", "cache"], `uid not allowed for "${this.#type}" type mounts`],
      ["gid", ["secret", "ssh", "cache"], `gid not allowed for "${this.#type}" type mounts`],
      ["sharing", ["cache"], `invalid cache sharing set for ${this.#type} mount`],
      ["env", ["secret"], `unexpected key 'env' for mount type '${this.#type}'`],
    ];
    for (const [key, types, message] of only) {
      if (this.#fields.has(key) && !types.includes(this.#type)) throw new Refusal(message);
    }
    if (this.#type === "secret" && this.#some("from") !== undefined) throw new Refusal("secret mount should not have a from");
    if (this.#type === "ssh" && this.#some("source") !== undefined) throw new Refusal("ssh does not support source");
  }

  #cache(): RunMount {
    const sharing = oneOf("sharing value", this.#fields.get("sharing") ?? "shared", SHARING);
    const place = { target: this.#target(), from: this.#some("from"), source: this.#some("source") };
    return { type: "cache", ...place, id: this.#some("id"), sharing, readOnly: this.#isReadOnly(false), ...this.#owner() };
  }

  /** `source` and `id` are two names for one thing, and the target's last element is the id where both are missing. */
  #secret(): RunMount {
    const [id, source, target] = [this.#some("id"), this.#some("source"), this.#some("target")];
    if (id !== undefined && source !== undefined) throw new Refusal("both source and id can't be set");
    const name = source ?? id ?? target?.split("/").findLast((part) => part !== "");
    if (name === undefined) throw new Refusal("invalid secret mount. one of source, target required");
    const env = this.#fields.has("env") ? (this.#some("env") ?? name) : undefined;
    return { type: "secret", id: name, target, env, required: this.#boolean("required") ?? false, ...this.#owner() };
  }

  #ssh(): RunMount {
    const id = this.#some("id") ?? "default";
    return { type: "ssh", id, target: this.#some("target"), required: this.#boolean("required") ?? false, ...this.#owner() };
  }

  /** Empty is the working directory. */
  #target(): string {
    return this.#fields.get("target") ?? "";
  }

  #some(key: string): string | undefined {
    return this.#fields.get(key) || undefined;
  }

  #isReadOnly(byDefault: boolean): boolean {
    const readWrite = this.#boolean("readwrite");
    return this.#boolean("readonly") ?? (readWrite === undefined ? byDefault : !readWrite);
  }

  #boolean(key: string): boolean | undefined {
    const value = this.#fields.get(key);
    if (value === undefined) return undefined;
    if (!/^(?:1|0|t|f|true|false)$/i.test(value)) throw new Refusal(`invalid value for ${key}: ${value}`);
    return /^[1t]/i.test(value);
  }

  #size(): number | undefined {
    const value = this.#fields.get("size");
    if (value === undefined) return undefined;
    const size = parseMemory(value);
    if (size === undefined || size < 0) throw new Refusal(`invalid value for size: ${value}`);
    return size;
  }

  #owner(): { readonly uid: number | undefined; readonly gid: number | undefined; readonly mode: number | undefined } {
    return { uid: this.#number("uid", 10), gid: this.#number("gid", 10), mode: this.#number("mode", 8) };
  }

  #number(key: string, radix: 8 | 10): number | undefined {
    const value = this.#fields.get(key);
    if (value === undefined) return undefined;
    const digits = radix === 8 ? /^[0-7]{1,11}$/ : /^\d{1,10}$/;
    const number = digits.test(value) ? Number.parseInt(value, radix) : Number.NaN;
    if (!(number <= (key === "mode" ? 0o7777 : 0xffff_ffff))) throw new Refusal(`invalid value ${value} for ${key}`);
    return number;
  }
}

function oneOf<T extends string>(what: string, value: string, known: readonly T[]): T {
  const found = known.find((candidate) => candidate === value.toLowerCase());
  if (found === undefined) throw new Refusal(`unsupported ${what} ${JSON.stringify(value)}${didYouMean(value, known)}`);
  return found;
}
