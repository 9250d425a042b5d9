import { Refusal } from "../parser/fault.ts";

/** The fields of one line of comma-separated values; a field in double quotes may hold commas, and quotes as `""`. @throws Refusal */
export function csvFields(line: string): readonly string[] {
  const fields: string[] = [];
  const field = /(?:"((?:[^"]|"")*)"|([^",][^,]*|))(,|$)/sy;
  for (;;) {
    const match = field.exec(line);
    if (match === null) throw new Refusal(`failed to parse csv mounts: ${JSON.stringify(line.slice(0, 200))}`);
    const [, quoted, plain = "", end] = match;
    if (plain.includes('"')) throw new Refusal(`failed to parse csv mounts: bare " in non-quoted-field`);
    fields.push(quoted?.replaceAll('""', '"') ?? plain);
    if (end === "") return fields;
  }
}
