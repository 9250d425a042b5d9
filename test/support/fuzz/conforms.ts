import { isDeepStrictEqual } from "node:util";
import type { Schema, Specification } from "../specification.ts";

/**
 * What of a value is not as its schema has it: a line each. `null` stands for what Go leaves nil: lists and objects that are not required,
 * and what the specification itself calls nullable.
 */
export function deviations(specification: Specification, given: Schema, value: unknown, path = "$"): string[] {
  const schema = specification.resolve(given);
  if (value === null || value === undefined) return [];
  const parts = (schema.allOf ?? []).flatMap((part) => deviations(specification, part, value, path));
  return [...parts, ...ofType(specification, schema, value, path)];
}

function ofType(specification: Specification, schema: Schema, value: unknown, path: string): string[] {
  const types = schema.type === undefined ? [] : Array.isArray(schema.type) ? (schema.type as readonly string[]) : [schema.type as string];
  if (types.length > 0 && !types.some((type) => isOf(type, value)))
    return [`${path}: want ${types.join(" or ")}, got ${JSON.stringify(value).slice(0, 80)}`];
  const wrong =
    schema.enum !== undefined && value !== "" && !schema.enum.some((one) => isDeepStrictEqual(one, value))
      ? [`${path}: ${JSON.stringify(value)} is none of ${JSON.stringify(schema.enum)}`]
      : [];
  if (Array.isArray(value))
    return [...wrong, ...value.flatMap((item: unknown, index) => deviations(specification, schema.items ?? {}, item, `${path}[${index}]`))];
  return typeof value === "object" ? [...wrong, ...ofObject(specification, schema, value as Record<string, unknown>, path)] : wrong;
}

function ofObject(specification: Specification, schema: Schema, value: Readonly<Record<string, unknown>>, path: string): string[] {
  const missing = (schema.required ?? []).filter((name) => {
    const property = specification.resolve(schema.properties?.[name] ?? {});
    return value[name] === undefined || (value[name] === null && property.type === "array" && property["x-nullable"] !== true);
  });
  const inner = Object.entries(value).flatMap(([name, item]) => {
    const property =
      schema.properties?.[name] ?? (typeof schema.additionalProperties === "object" ? schema.additionalProperties : undefined);
    return property === undefined ? [] : deviations(specification, property, item, `${path}.${name}`);
  });
  return [...missing.map((name) => `${path}.${name}: required, got ${JSON.stringify(value[name])}`), ...inner];
}

function isOf(type: string, value: unknown): boolean {
  switch (type) {
    case "array":
      return Array.isArray(value);
    case "object":
      return typeof value === "object" && !Array.isArray(value);
    case "integer":
      return Number.isInteger(value);
    default:
      return typeof value === type;
  }
}
