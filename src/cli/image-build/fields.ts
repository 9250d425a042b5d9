import { EngineError } from "#errors/engine-error.ts";
import { csvFields } from "#lib/csv.ts";

/**
 * Reads `key=value,…` of a flag; keys in small letters.
 *
 * @throws EngineError `invalid` for a field without a value, and for a key that comes twice.
 */
export function fieldsOf(flag: string, text: string): ReadonlyMap<string, string> {
  const fields = csvFields(text);
  if (fields === undefined) throw new EngineError("invalid", `${flag} ${JSON.stringify(text)}: quotes do not match`);
  const found = new Map<string, string>();
  for (const field of fields) {
    const equals = field.indexOf("=");
    const key = field.slice(0, Math.max(0, equals)).toLowerCase().trim();
    if (key === "") throw new EngineError("invalid", `${flag}: invalid value ${JSON.stringify(field)}: want key=value`);
    if (found.has(key)) throw new EngineError("invalid", `${flag}: ${key} is given more than once`);
    found.set(key, field.slice(equals + 1));
  }
  return found;
}
