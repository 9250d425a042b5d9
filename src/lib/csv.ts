/** The fields of one line of comma-separated values; a field in double quotes may hold commas, and quotes as `""`. Undefined for what is none. */
export function csvFields(line: string): readonly string[] | undefined {
  const fields: string[] = [];
  const field = /(?:"((?:[^"]|"")*)"|([^",][^,]*|))(,|$)/sy;
  for (;;) {
    const match = field.exec(line);
    if (match === null) return undefined;
    const [, quoted, plain = "", end] = match;
    if (plain.includes('"')) return undefined;
    fields.push(quoted?.replaceAll('""', '"') ?? plain);
    if (end === "") return fields;
  }
}
