/**
 * Writes tar archives (POSIX ustar, with pax records for what ustar cannot hold). `packTar` is for small things; who streams writes
 * `tarHead`, the file's bytes and `tarPadding` for each entry, and `tarEnd`.
 */

export interface TarEntry {
  /** Relative path, without a leading slash. */
  readonly name: string;
  readonly type: "file" | "directory" | "symlink" | "link" | "character" | "block" | "fifo";
  readonly mode: number;
  readonly uid?: number;
  readonly gid?: number;
  /** Seconds since the epoch. */
  readonly mtime?: number;
  readonly linkname?: string;
  readonly data?: Uint8Array;
  readonly major?: number;
  readonly minor?: number;
  /** Extra pax records, e.g. `SCHILY.xattr.user.x`. */
  readonly pax?: Readonly<Record<string, string>>;
}

const BLOCK = 512;
/** Eleven octal digits: 8 GiB less one byte. */
const LARGEST_OCTAL = 0o77777777777;
const TYPE_FLAG = { file: "0", link: "1", symlink: "2", character: "3", block: "4", directory: "5", fifo: "6" } as const;

/** A whole archive, end mark included. */
export function packTar(entries: Iterable<TarEntry>): Buffer {
  const parts: Uint8Array[] = [];
  for (const entry of entries) parts.push(...tarEntry(entry));
  return Buffer.concat([...parts, tarEnd()]);
}

/** Header and data of one entry, padded to whole blocks. */
function tarEntry(entry: TarEntry): Uint8Array[] {
  const data = entry.data ?? new Uint8Array(0);
  const head = tarHead(entry, data.byteLength);
  return data.byteLength > 0 ? [head, data, tarPadding(data.byteLength)] : [head];
}

/** What stands before an entry's data, of which `size` bytes are to follow. */
export function tarHead(entry: Omit<TarEntry, "data">, size: number): Buffer {
  const extended = paxRecords(entry);
  if (size > LARGEST_OCTAL) extended["size"] = String(size);
  const short = { ...entry, name: entry.name.slice(0, 100), linkname: (entry.linkname ?? "").slice(0, 100) };
  const own = header(short, TYPE_FLAG[entry.type], size > LARGEST_OCTAL ? 0 : size);
  return Object.keys(extended).length === 0 ? own : Buffer.concat([...paxHeader(extended), own]);
}

/** What fills an entry's data up to whole blocks. */
export function tarPadding(size: number): Buffer {
  return Buffer.alloc(padding(size));
}

/** What stands behind the last entry. */
export function tarEnd(): Buffer {
  return Buffer.alloc(2 * BLOCK);
}

/** What the 100-byte name fields, or an octal number, cannot say. */
function paxRecords(entry: TarEntry): Record<string, string> {
  const records: Record<string, string> = { ...entry.pax };
  if (Buffer.byteLength(entry.name) > 100) records["path"] = entry.name;
  if (Buffer.byteLength(entry.linkname ?? "") > 100) records["linkpath"] = entry.linkname ?? "";
  return records;
}

function paxHeader(records: Readonly<Record<string, string>>): Uint8Array[] {
  const body = Buffer.from(Object.entries(records).map(paxRecord).join(""));
  return [header({ name: "pax", type: "file", mode: 0o644 }, "x", body.byteLength), body, Buffer.alloc(padding(body.byteLength))];
}

/** `<length> <key>=<value>\n`, where the length counts its own digits. */
function paxRecord([key, value]: [string, string]): string {
  const rest = Buffer.byteLength(` ${key}=${value}\n`);
  const digits = String(rest + String(rest).length).length;
  return `${rest + digits} ${key}=${value}\n`;
}

function header(entry: TarEntry, typeFlag: string, size: number): Buffer {
  const block = Buffer.alloc(BLOCK);
  block.write(entry.name, 0, 100);
  block.write(octal(entry.mode & 0o7777, 8), 100);
  block.write(octal(entry.uid ?? 0, 8), 108);
  block.write(octal(entry.gid ?? 0, 8), 116);
  block.write(octal(size, 12), 124);
  block.write(octal(entry.mtime ?? 0, 12), 136);
  block.write("        ", 148);
  block.write(typeFlag, 156);
  block.write(entry.linkname ?? "", 157, 100);
  block.write("ustar\u000000", 257);
  block.write(octal(entry.major ?? 0, 8), 329);
  block.write(octal(entry.minor ?? 0, 8), 337);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\u0000 `, 148);
  return block;
}

const octal = (value: number, width: number): string => `${value.toString(8).padStart(width - 1, "0")}\u0000`;
const padding = (size: number): number => (BLOCK - (size % BLOCK)) % BLOCK;
