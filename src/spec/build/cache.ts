import { EngineError } from "#errors/engine-error.ts";
import { csvFields } from "#lib/csv.ts";

/** Where a build's cache is taken from, or put: a repository, or a folder of the client, by its number in the build's session. */
export type CacheLocation = { readonly kind: "registry"; readonly reference: string } | { readonly kind: "client"; readonly index: number };

export type CacheSource = CacheLocation | { readonly kind: "image"; readonly reference: string };

export interface CacheExport {
  readonly location: CacheLocation;
  /** `max`: of every step; `min`: of those whose layers are in the result. */
  readonly mode: "min" | "max";
  /** With the folders of `RUN --mount=type=cache`. */
  readonly mounts: boolean;
  /** A failure is told of, and fails no build. */
  readonly ignoreError: boolean;
}

/** Keys, and the values that are honoured; `text` is any. */
type Known = Readonly<Record<string, readonly string[] | "text">>;

const FORMAT: Known = { "oci-mediatypes": ["true"], "image-manifest": ["true"] };
const EXPORT: Known = {
  ...FORMAT,
  mode: ["min", "max"],
  mounts: ["true", "false"],
  "ignore-error": ["true", "false"],
  "force-compression": ["false"],
};
const SOURCES: Readonly<Record<string, Known>> = { registry: { ref: "text" }, local: { index: "text" } };
const EXPORTS: Readonly<Record<string, Known>> = {
  inline: {},
  registry: { ...EXPORT, ref: "text", compression: ["gzip"] },
  local: { ...EXPORT, index: "text", compression: ["uncompressed"] },
};

/**
 * An element of `cachefrom`: the name of an image that is here, as ever, or `type=registry,ref=…`, `type=local,index=…`.
 *
 * @throws EngineError `invalid`, `not-implemented`.
 */
export function parseCacheSource(text: string): CacheSource {
  if (!text.includes("=")) return { kind: "image", reference: text };
  const fields = fieldsOf("cache-from", text, SOURCES);
  return locationOf("cache-from", fields);
}

/**
 * An element of `cacheto`: `type=inline`, `type=registry,ref=…`, `type=local,index=…`, with `mode`, `mounts` and `ignore-error`; a reference alone is a registry's.
 *
 * @returns undefined for `inline`, which is the image's own.
 * @throws EngineError `invalid`, `not-implemented`.
 */
export function parseCacheExport(text: string): CacheExport | undefined {
  const fields = fieldsOf("cache-to", text.includes("=") ? text : `type=registry,ref=${text}`, EXPORTS);
  if (fields.get("type") === "inline") return undefined;
  return {
    location: locationOf("cache-to", fields),
    mode: fields.get("mode") === "max" ? "max" : "min",
    mounts: fields.get("mounts") === "true",
    ignoreError: fields.get("ignore-error") === "true",
  };
}

/** @throws EngineError `invalid` for what cannot be read, `not-implemented` for a type or value that is known, and not honoured. */
function fieldsOf(flag: string, text: string, types: Readonly<Record<string, Known>>): ReadonlyMap<string, string> {
  const wrong = (why: string): EngineError => new EngineError("invalid", `${flag}: ${JSON.stringify(text.slice(0, 200))}: ${why}`);
  const fields = new Map<string, string>();
  for (const field of csvFields(text) ?? []) {
    const equals = field.indexOf("=");
    if (equals < 1) throw wrong("want key=value");
    fields.set(field.slice(0, equals).toLowerCase(), field.slice(equals + 1));
  }
  const type = fields.get("type") ?? "";
  const known = Object.hasOwn(types, type) ? types[type] : undefined;
  if (known === undefined) throw wrong(`there is no type ${JSON.stringify(type)}: want ${Object.keys(types).join(", ")}`);
  for (const [key, value] of fields) {
    if (key === "type") continue;
    const values = Object.hasOwn(known, key) ? known[key] : undefined;
    if (values === undefined) throw wrong(`${type} has no ${key}`);
    if (values !== "text" && !values.includes(value))
      throw new EngineError("not-implemented", `${flag}: ${key}=${value.slice(0, 50)} is not implemented by Dhow`);
  }
  return fields;
}

function locationOf(flag: string, fields: ReadonlyMap<string, string>): CacheLocation {
  if (fields.get("type") === "registry") {
    const reference = fields.get("ref") ?? "";
    if (reference === "") throw new EngineError("invalid", `${flag}: type=registry needs a reference (ref=…)`);
    return { kind: "registry", reference };
  }
  const index = fields.get("index") ?? "";
  if (!/^\d{1,4}$/.test(index))
    throw new EngineError("invalid", `${flag}: type=local needs a folder of the client, by its number in the session (index=N)`);
  return { kind: "client", index: Number(index) };
}
