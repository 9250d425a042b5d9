/** Fields of one paragraph of a Debian-like file: names in lower case, continuation lines dropped. */
export type Stanza = ReadonlyMap<string, string>;

/** Paragraphs of `Name: value` lines, as dpkg's status file and Python's METADATA are made of. */
export function* stanzasOf(text: string): Generator<Stanza> {
  let fields = new Map<string, string>();
  for (const line of text.split("\n")) {
    if (line.trim() === "") {
      if (fields.size > 0) yield fields;
      fields = new Map();
      continue;
    }
    const [, name, value] = /^([A-Za-z][A-Za-z0-9-]*):[ \t]*(.*)$/.exec(line) ?? [];
    if (name !== undefined && value !== undefined && !fields.has(name.toLowerCase())) fields.set(name.toLowerCase(), value.trim());
  }
  if (fields.size > 0) yield fields;
}
