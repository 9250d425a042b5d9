import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { resolve } from "node:path";
import { EngineError, messageOf } from "#errors/engine-error.ts";
import { LARGEST_SECRET, type BuildSecrets } from "#spec/build/secrets.ts";
import type { Environment } from "../cli.ts";

export interface SecretSources {
  readonly environment: Environment;
  readonly currentFolder: string;
}

/**
 * `id=NAME[,src=FILE][,env=VARIABLE]`: a file where one is named, else the variable of that name, else one of the id's name, else a
 * file of the id's name, as buildx does.
 *
 * @throws EngineError `invalid`, `not-found`; no message holds a secret.
 */
export function readSecrets(texts: readonly string[], sources: SecretSources): BuildSecrets {
  return new Map(
    texts.map((text) => {
      const fields = fieldsOf(text);
      return [fields.id, valueOf(fields, sources)];
    }),
  );
}

interface Fields {
  readonly id: string;
  readonly file: string | undefined;
  readonly variable: string | undefined;
}

const KEYS: Readonly<Record<string, string>> = { id: "id", src: "src", source: "src", env: "env", type: "type" };

function fieldsOf(text: string): Fields {
  const found = new Map<string, string>();
  for (const field of text.split(",")) {
    const equals = field.indexOf("=");
    const name = field.slice(0, Math.max(0, equals)).toLowerCase();
    const key = Object.hasOwn(KEYS, name) ? KEYS[name] : undefined;
    if (key === undefined)
      throw new EngineError("invalid", `unexpected key '${name || field}' of --secret: want id=NAME[,src=FILE][,env=NAME]`);
    found.set(key, field.slice(equals + 1));
  }
  const type = found.get("type") ?? "";
  if (!["", "file", "env"].includes(type)) throw new EngineError("invalid", `unsupported secret type ${JSON.stringify(type)}`);
  const source = found.get("src");
  const isVariable = type === "env" && found.get("env") === undefined;
  const file = isVariable ? undefined : source;
  const id = found.get("id") ?? source ?? found.get("env") ?? "";
  if (id === "") throw new EngineError("invalid", "--secret needs an id");
  return { id, file, variable: isVariable ? (source ?? id) : found.get("env") };
}

function valueOf({ id, file, variable }: Fields, sources: SecretSources): Uint8Array {
  if (file !== undefined) return fromFile(id, file, sources);
  const own = sources.environment[variable ?? id];
  if (own !== undefined) return limited(id, Buffer.from(own));
  if (variable !== undefined) throw new EngineError("not-found", `secret ${id}: the environment has no ${variable}`);
  return fromFile(id, id, sources);
}

function fromFile(id: string, file: string, { currentFolder }: SecretSources): Uint8Array {
  const path = resolve(currentFolder, file.replace(/^~(?=\/)/, homedir()));
  try {
    return limited(id, readFileSync(path));
  } catch (cause) {
    if (cause instanceof EngineError) throw cause;
    throw new EngineError("not-found", `secret ${id}: ${messageOf(cause)}`, { cause });
  }
}

function limited(id: string, value: Uint8Array): Uint8Array {
  if (value.byteLength > LARGEST_SECRET) throw new EngineError("too-large", `secret ${id} is larger than ${LARGEST_SECRET} bytes`);
  return value;
}
