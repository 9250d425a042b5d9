import { messageOf } from "#errors/engine-error.ts";
import { parseJsonText } from "#lib/json/text.ts";
import { invalid } from "./members.ts";

/** @throws EngineError `invalid`, naming the document. */
export function parseDocument(bytes: Uint8Array, name: string): unknown {
  try {
    return parseJsonText(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw invalid(`failed to decode ${name}: ${messageOf(cause)}`, cause);
  }
}

/** @throws EngineError `invalid`. */
export function asRecord(value: unknown, where: string): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw invalid(`${where} is not an object`);
  return value as Readonly<Record<string, unknown>>;
}

/** Null and absent are an empty list. @throws EngineError `invalid`. */
export function asStrings(value: unknown, where: string): readonly string[] {
  const list: unknown = value ?? [];
  if (!Array.isArray(list) || !list.every((item) => typeof item === "string")) throw invalid(`${where} is not a list of strings`);
  return list;
}
