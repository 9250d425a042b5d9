import type { JsonObject } from "./step.ts";

/** Small verbs over JSON of any shape: what is not of the shape they expect is left as it is, for validation to judge. */

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The object without some fields. */
export function without(object: JsonObject, ...names: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([name]) => !names.includes(name)));
}

/** The object with one of its objects changed. */
export function within(object: JsonObject, name: string, change: (inner: JsonObject) => JsonObject): JsonObject {
  const inner = object[name];
  return isObject(inner) ? { ...object, [name]: change(inner) } : object;
}

/** The object with the objects in one of its lists changed. */
export function withinEach(object: JsonObject, name: string, change: (item: JsonObject) => JsonObject): JsonObject {
  return Array.isArray(object[name]) ? { ...object, [name]: eachObject(change)(object[name]) } : object;
}

/** The object with every object that it maps a name to changed. */
export function mapObjects(object: JsonObject, change: (item: JsonObject, name: string) => JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(object).map(([name, item]) => [name, isObject(item) ? change(item, name) : item]));
}

/** Lifts a change of an object to a list of them. */
export function eachObject(change: (item: JsonObject) => JsonObject): (list: unknown) => unknown {
  return (list) => (Array.isArray(list) ? list.map((item: unknown) => (isObject(item) ? change(item) : item)) : list);
}

/** Lifts a change of an object to whatever is answered. */
export function ifObject(change: (body: JsonObject) => JsonObject): (body: unknown) => unknown {
  return (body) => (isObject(body) ? change(body) : body);
}
