import { EngineError } from "#errors/engine-error.ts";
import { shapes } from "./shapes.ts";

/**
 * What a value on the wire may be. The vocabulary is JSON's, with Go's integers: dockerd decodes bodies into Go structs, so a
 * wrong type is refused, an unknown field is ignored, `null` counts as absent, and field names match without regard to case.
 */
export type Shape =
  | "any"
  | "string"
  | "boolean"
  | "integer"
  | "uint16"
  | "uint32"
  | "number"
  | { readonly ref: string }
  | { readonly array: Shape }
  | { readonly map: Shape }
  | { readonly object: Readonly<Record<string, Shape>> };

export type ShapeName = keyof typeof shapes;

const INTEGER_LIMITS = {
  integer: [-(2 ** 63), 2 ** 63],
  uint16: [0, 2 ** 16 - 1],
  uint32: [0, 2 ** 32 - 1],
} as const;

/**
 * Returns a copy of `value` that holds only what the shape knows, in null-prototype objects (a key `__proto__` is plain data).
 *
 * @throws EngineError `invalid` naming the field and the type that was expected.
 */
export function validate(name: ShapeName, value: unknown): unknown {
  // To Go `null`, or no body at all, is a body in which nothing is set.
  return check(shapes[name], value ?? {}, "");
}

function check(shape: Shape, value: unknown, path: string): unknown {
  if (value === null || value === undefined) return undefined;
  if (typeof shape === "string") return checkScalar(shape, value, path);
  if ("ref" in shape) return check(namedShape(shape.ref), value, path);
  if ("array" in shape) {
    if (!Array.isArray(value)) throw wrongType(value, "an array", path);
    return value.map((item: unknown, index) => (item === null ? zeroOf(shape.array) : check(shape.array, item, `${path}[${index}]`)));
  }
  if (typeof value !== "object" || Array.isArray(value)) throw wrongType(value, "an object", path);
  return "map" in shape ? checkMap(shape.map, value, path) : checkObject(shape.object, value, path);
}

/** What Go makes of a null in a list: there is no absent item. */
function zeroOf(shape: Shape): unknown {
  if (typeof shape === "string") return { any: null, string: "", boolean: false, integer: 0, uint16: 0, uint32: 0, number: 0 }[shape];
  if ("ref" in shape) return zeroOf(namedShape(shape.ref));
  return "array" in shape ? [] : {};
}

function checkScalar(shape: Extract<Shape, string>, value: unknown, path: string): unknown {
  switch (shape) {
    case "any":
      return value;
    case "string":
    case "boolean":
    case "number":
      if (typeof value !== shape) throw wrongType(value, `a ${shape}`, path);
      return value;
    case "integer":
    case "uint16":
    case "uint32": {
      const [least, most] = INTEGER_LIMITS[shape];
      if (typeof value !== "number" || !Number.isInteger(value) || value < least || value > most) {
        throw wrongType(value, shape === "integer" ? "a 64-bit integer" : `a ${shape}`, path);
      }
      return value;
    }
  }
}

function checkMap(shape: Shape, value: object, path: string): unknown {
  const result: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  for (const [key, item] of Object.entries(value)) {
    // A map's null is kept: `"80/tcp": null` and `"/data": {}` name a key, with or without a value.
    result[key] = item === null ? null : check(shape, item, path === "" ? key : `${path}.${key}`);
  }
  return result;
}

function checkObject(fields: Readonly<Record<string, Shape>>, value: object, path: string): unknown {
  const result: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  const seen = new Set<string>();
  for (const [key, item] of Object.entries(value)) {
    const field = Object.hasOwn(fields, key) ? key : Object.keys(fields).find((known) => known.toLowerCase() === key.toLowerCase());
    if (field === undefined) continue;
    // `Image` and `image` are one field to Go: whichever came last would win, and a reader that knows only one would see the other.
    if (seen.has(field)) throw new EngineError("invalid", `invalid JSON: field ${field} is given twice`);
    seen.add(field);
    const checked = check(fields[field] ?? "any", item, path === "" ? field : `${path}.${field}`);
    if (checked !== undefined) result[field] = checked;
  }
  return result;
}

function namedShape(name: string): Shape {
  const shape = (shapes as Record<string, Shape>)[name];
  if (shape === undefined) throw new EngineError("system", `no shape named ${name}`);
  return shape;
}

function wrongType(value: unknown, expected: string, path: string): EngineError {
  const got = Array.isArray(value) ? "array" : typeof value;
  const where = path === "" ? "the body" : `field ${path}`;
  return new EngineError("invalid", `invalid JSON: cannot unmarshal ${got} into ${where}: want ${expected}`);
}
