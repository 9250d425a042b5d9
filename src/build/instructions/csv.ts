import { csvFields as fieldsOf } from "#lib/csv.ts";
import { Refusal } from "../parser/fault.ts";

/** The fields of a mount. @throws Refusal */
export function csvFields(line: string): readonly string[] {
  const fields = fieldsOf(line);
  if (fields !== undefined) return fields;
  const reason = line.includes('"') ? `bare " in non-quoted-field` : JSON.stringify(line.slice(0, 200));
  throw new Refusal(`failed to parse csv mounts: ${reason}`);
}
