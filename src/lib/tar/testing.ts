/** For tests: archives as no honest tool writes them. */

const BLOCK = 512;

export interface FixtureEntry {
  readonly name: string;
  /** The type letter: `0` (the default), `1`, `2`, `5`, `L`, … */
  readonly type?: string;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly mtime?: number;
  readonly link?: string;
  readonly data?: string | Uint8Array;
  readonly major?: number;
  readonly minor?: number;
  /** Records of an extended header before the entry; latin-1 text stands for bytes. */
  readonly pax?: Readonly<Record<string, string>>;
  /** Bytes written over the header at an offset, before the checksum is made. */
  readonly raw?: readonly (readonly [offset: number, bytes: string | Uint8Array])[];
  readonly checksum?: number;
  /** `ustar\0` by default. */
  readonly magic?: string;
}

/** An archive, with its closing zeros. Names beyond 100 bytes go into an extended header. */
export function tarOf(...entries: readonly FixtureEntry[]): Buffer {
  return Buffer.concat([...entries.map(entryBytes), Buffer.alloc(2 * BLOCK)]);
}

export function entryBytes(entry: FixtureEntry): Buffer {
  const data = bytesOf(entry.data ?? "");
  const pax = { ...longNames(entry), ...entry.pax };
  const extended = Object.keys(pax).length === 0 ? Buffer.alloc(0) : paxEntry(pax);
  return Buffer.concat([extended, headerOf(entry, data.length), padded(data)]);
}

export function folder(name: string, more: Partial<FixtureEntry> = {}): FixtureEntry {
  return { name, type: "5", mode: 0o755, ...more };
}

export function file(name: string, data: string | Uint8Array = "", more: Partial<FixtureEntry> = {}): FixtureEntry {
  return { name, data, ...more };
}

export function symlink(name: string, link: string): FixtureEntry {
  return { name, type: "2", link };
}

export function hardlink(name: string, link: string): FixtureEntry {
  return { name, type: "1", link };
}

function headerOf(entry: FixtureEntry, size: number): Buffer {
  const header = Buffer.alloc(BLOCK);
  header.write(entry.name.slice(0, 100), 0, "latin1");
  octal(header, 100, 8, entry.mode ?? 0o644);
  number(header, 108, 8, entry.uid ?? 0);
  number(header, 116, 8, entry.gid ?? 0);
  number(header, 124, 12, size);
  number(header, 136, 12, entry.mtime ?? 1_700_000_000);
  header.write(entry.type ?? "0", 156, "latin1");
  header.write((entry.link ?? "").slice(0, 100), 157, "latin1");
  header.write(entry.magic ?? "ustar\u000000", 257, "latin1");
  octal(header, 329, 8, entry.major ?? 0);
  octal(header, 337, 8, entry.minor ?? 0);
  for (const [offset, bytes] of entry.raw ?? []) header.set(bytesOf(bytes), offset);
  header.fill(" ", 148, 156);
  octal(header, 148, 8, entry.checksum ?? header.reduce((sum, byte) => sum + byte, 0));
  return header;
}

function longNames({ name, link = "" }: FixtureEntry): Record<string, string> {
  return { ...(name.length > 100 ? { path: name } : {}), ...(link.length > 100 ? { linkpath: link } : {}) };
}

export function paxEntry(records: Readonly<Record<string, string>>): Buffer {
  const body = Buffer.from(Object.entries(records).map(paxRecord).join(""), "latin1");
  return Buffer.concat([headerOf({ name: "PaxHeader", type: "x" }, body.length), padded(body)]);
}

function paxRecord([key, value]: readonly [string, string]): string {
  const rest = ` ${key}=${value}\n`;
  let length = rest.length;
  while (length !== rest.length + String(length).length) length = rest.length + String(length).length;
  return `${length}${rest}`;
}

/** Octal, or GNU's base 256 for what does not fit. */
function number(header: Buffer, offset: number, length: number, value: number): void {
  if (value >= 0 && value < 8 ** (length - 1)) octal(header, offset, length, value);
  else base256(header, offset, length, value);
}

function octal(header: Buffer, offset: number, length: number, value: number): void {
  header.write(`${value.toString(8).padStart(length - 1, "0")}\0`, offset, "latin1");
}

function base256(header: Buffer, offset: number, length: number, value: number): void {
  let rest = BigInt(value);
  for (let at = length - 1; at >= 0; at--) {
    header[offset + at] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  header[offset] = (header[offset] ?? 0) | 0x80;
}

function padded(data: Uint8Array): Buffer {
  return Buffer.concat([data, Buffer.alloc((BLOCK - (data.length % BLOCK)) % BLOCK)]);
}

function bytesOf(data: string | Uint8Array): Uint8Array {
  return typeof data === "string" ? Buffer.from(data, "latin1") : data;
}
