import type { BuildOutput } from "#build/build-input.ts";
import { EngineError } from "#errors/engine-error.ts";
import { parseJsonText } from "#lib/json/text.ts";
import { parseReference, withDefaultTag, type Reference } from "#spec/reference.ts";

const MOST = 100;

type Attributes = Readonly<Record<string, string>>;
type Honoured = Readonly<Record<string, readonly string[] | "text">>;

/** Layers are kept plain, and compressed when they are pushed. */
const LAYERS: Honoured = { compression: ["", "uncompressed"], "force-compression": ["", "false"], "rewrite-timestamp": ["", "true"] };
const IMAGE: Honoured = {
  ...LAYERS,
  name: "text",
  type: ["", "image"],
  push: ["", "false"],
  store: ["", "true"],
  unpack: ["", "true", "false"],
};
const FILES: Honoured = { "platform-split": ["", "false"] };
const ARCHIVE: Honoured = { ...LAYERS, name: "text", tar: ["", "true", "false"], "oci-mediatypes": ["", "true"] };

/**
 * Reads `outputs`: a JSON list of objects `{Type, Attrs}`. None is an image.
 *
 * @throws EngineError `invalid`, `not-implemented`: it names the attribute.
 */
export function parseOutputs(text: string): BuildOutput[] {
  if (text === "") return [{ kind: "image", names: [] }];
  const list = listOf(text);
  if (list.length === 0) return [{ kind: "image", names: [] }];
  return list.map(outputOf);
}

function listOf(text: string): readonly unknown[] {
  let value: unknown;
  try {
    value = parseJsonText(text);
  } catch (cause) {
    throw new EngineError("invalid", "error reading outputs: it is not JSON", { cause });
  }
  if (value === null) return [];
  if (Array.isArray(value) && value.length <= MOST) return value;
  throw new EngineError("invalid", "error reading outputs: want a list of objects with Type and Attrs");
}

function outputOf(value: unknown, index: number): BuildOutput {
  const { type, attributes } = fieldsOf(value);
  switch (type) {
    case "moby":
    case "image":
      check(type, attributes, IMAGE);
      return { kind: "image", names: namesOf(attributes) };
    case "local":
    case "tar":
      check(type, attributes, FILES);
      return { kind: "files", index };
    case "oci":
    case "docker":
      check(type, attributes, ARCHIVE);
      return { kind: "archive", form: type, index, names: namesOf(attributes) };
    default:
      throw new EngineError(
        "invalid",
        `outputs: there is no type ${JSON.stringify(type.slice(0, 50))}: want moby, image, local, tar, oci or docker`,
      );
  }
}

function fieldsOf(value: unknown): { readonly type: string; readonly attributes: Attributes } {
  const { Type, Attrs } = (typeof value === "object" && value !== null ? value : {}) as Record<string, unknown>;
  const attributes = typeof Attrs === "object" && Attrs !== null ? { ...Attrs } : {};
  const isFine =
    typeof Type === "string" &&
    (Attrs === undefined || Attrs === null || Object.values(attributes).every((one) => typeof one === "string"));
  if (!isFine || Array.isArray(Attrs))
    throw new EngineError("invalid", "error reading outputs: want objects with a Type, and Attrs of texts");
  return { type: Type, attributes: attributes as Attributes };
}

/** What is not honoured is refused, and never passed over. */
function check(type: string, attributes: Attributes, honoured: Honoured): void {
  for (const [name, value] of Object.entries(attributes)) {
    const values = Object.hasOwn(honoured, name) ? honoured[name] : undefined;
    if (values === undefined) throw new EngineError("invalid", `outputs: ${type} has no attribute ${JSON.stringify(name.slice(0, 50))}`);
    if (values !== "text" && !values.includes(value))
      throw new EngineError("not-implemented", `outputs: ${type} with ${name}=${value.slice(0, 50)} is not implemented by Dhow`);
  }
}

/** Divided by commas, as BuildKit has it. */
function namesOf({ name = "" }: Attributes): Reference[] {
  return name
    .split(",")
    .filter(Boolean)
    .map((one) => withDefaultTag(parseReference(one)));
}
