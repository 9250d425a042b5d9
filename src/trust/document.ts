import { messageOf } from "#errors/engine-error.ts";
import { parseJsonText } from "#lib/json/text.ts";
import { Refusal } from "./refusal.ts";

type Document = Readonly<Record<string, unknown>>;

/** A JSON object of a stranger's. @throws Refusal. */
export function parseDocument(bytes: Uint8Array, what: string): Document {
  let value: unknown;
  try {
    value = parseJsonText(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new Refusal(`${what} is not JSON: ${messageOf(cause)}`, { cause });
  }
  return objectIn(value, what);
}

export function objectIn(value: unknown, what: string): Document {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Document;
  throw new Refusal(`${what} is not an object`);
}

export function listIn(value: unknown, what: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new Refusal(`${what} is not a list`);
}

export function textIn(value: unknown, what: string): string {
  if (typeof value === "string") return value;
  throw new Refusal(`${what} is not a text`);
}
