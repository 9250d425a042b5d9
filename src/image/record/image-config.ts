import { EngineError, messageOf } from "#errors/engine-error.ts";
import { parseJsonText } from "#lib/json/text.ts";
import { isDigest, type Digest } from "#spec/digest.ts";
import type { ContainerConfig } from "#spec/docker-api/types.ts";
import { validate } from "#spec/docker-api/validate.ts";
import type { HistoryEntry, ImageConfigFile, ImageRunConfig } from "#spec/oci-image/types.ts";

/** Largest configuration file that is read. Real ones are some kilobytes. */
export const CONFIG_LIMIT = 4 * 1024 * 1024;
/** More layers than a kernel's overlay can stack (500). */
const MOST_LAYERS = 500;
const MOST_HISTORY = 10_000;
const TEXTS = [
  "created",
  "author",
  "architecture",
  "os",
  "variant",
  "os.version",
  "docker_version",
  "comment",
  "parent",
  "container",
] as const;
const BUILD_CACHE = "dhow.build.cache";
/** Docker takes a bare string for these. */
const LISTS = ["Cmd", "Entrypoint", "Shell"] as const;

/**
 * Reads an image's configuration file. It comes from a stranger: only the fields that an image may set are taken over (no
 * SecurityOpt, no HostConfig), each of its type, so that nothing behind this has to check again.
 *
 * @throws EngineError `invalid`.
 */
export function parseImageConfig(bytes: Uint8Array): ImageConfigFile {
  const file = asObject(parseJson(bytes), "the file");
  const texts = Object.fromEntries(
    TEXTS.filter((name) => file[name] !== undefined && file[name] !== null).map((name) => [name, text(file, name)]),
  );
  const config = runConfig(file["config"]);
  const containerConfig = committedFrom(file["container_config"]);
  return {
    architecture: "",
    os: "linux",
    ...texts,
    ...(config === undefined ? {} : { config }),
    ...(containerConfig === undefined ? {} : { container_config: containerConfig }),
    rootfs: { type: "layers", diff_ids: diffIds(file["rootfs"]) },
    history: history(file["history"]),
    ...buildCache(file),
  };
}

/** Anything else in its place says nothing. */
function buildCache(file: Readonly<Record<string, unknown>>): Pick<ImageConfigFile, typeof BUILD_CACHE> {
  const value = file[BUILD_CACHE];
  const isKeys = (keys: unknown): keys is string[] => Array.isArray(keys) && keys.every((key) => typeof key === "string");
  return Array.isArray(value) && value.length <= MOST_LAYERS && value.every(isKeys) ? { [BUILD_CACHE]: value } : {};
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return parseJsonText(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw new EngineError("invalid", `invalid image configuration: ${messageOf(cause)}`, { cause });
  }
}

function runConfig(value: unknown): ImageRunConfig | undefined {
  if (value === undefined || value === null) return undefined;
  const fields = { ...asObject(value, "config") };
  for (const name of LISTS) {
    if (typeof fields[name] === "string") fields[name] = [fields[name]];
  }
  if (JSON.stringify(fields).includes("\\u0000")) throw invalid("config holds a NUL character");
  return validate("ImageConfig", fields) as ImageRunConfig;
}

/** Shown to old clients, and nothing else: one that is no configuration is left out. */
function committedFrom(value: unknown): ContainerConfig | undefined {
  if (value === undefined || value === null) return undefined;
  try {
    return validate("ContainerConfig", value) as ContainerConfig;
  } catch {
    return undefined;
  }
}

function diffIds(value: unknown): Digest[] {
  const rootfs = asObject(value, "rootfs");
  const list: unknown = rootfs["diff_ids"] ?? [];
  if (rootfs["type"] !== "layers" || !Array.isArray(list)) throw invalid("rootfs is not of type layers");
  if (list.length > MOST_LAYERS) throw invalid(`${list.length} layers; at most ${MOST_LAYERS} can be stacked`);
  return list.map((item: unknown) => {
    if (typeof item !== "string" || !isDigest(item)) throw invalid("rootfs.diff_ids holds something that is no digest");
    return item;
  });
}

function history(value: unknown): HistoryEntry[] {
  const list: unknown = value ?? [];
  if (!Array.isArray(list) || list.length > MOST_HISTORY) throw invalid("history is not a list, or too long");
  return list.map((item: unknown) => {
    const entry = asObject(item, "history");
    const texts = (["created", "created_by", "author", "comment"] as const).filter(
      (name) => entry[name] !== undefined && entry[name] !== null,
    );
    const read = Object.fromEntries(texts.map((name) => [name, text(entry, name)]));
    return entry["empty_layer"] === true ? { ...read, empty_layer: true } : read;
  });
}

function text(object: Record<string, unknown>, name: string): string {
  const value = object[name];
  if (typeof value !== "string") throw invalid(`${name} is not a string`);
  return value;
}

function asObject(value: unknown, where: string): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw invalid(`${where} is not an object`);
  return value as Record<string, unknown>;
}

function invalid(message: string): EngineError {
  return new EngineError("invalid", `invalid image configuration: ${message}`);
}
