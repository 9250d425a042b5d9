/** Writes tar archives (POSIX ustar, with pax records for what ustar cannot hold). Small things only: a layer streams through elsewhere. */

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
const TYPE_FLAG = { file: "0", link: "1", symlink: "2", character: "3", block: "4", directory: "5", fifo: "6" } as const;

/** A whole archive, end mark included. */
export function packTar(entries: Iterable<TarEntry>): Buffer {
  const parts: Uint8Array[] = [];
  for (const entry of entries) parts.push(...tarEntry(entry));
  return Buffer.concat([...parts, Buffer.alloc(2 * BLOCK)]);
}

/** Header and data of one entry, padded to whole blocks. */
function tarEntry(entry: TarEntry): Uint8Array[] {
  const data = entry.data ?? new Uint8Array(0);
  const extended = paxRecords(entry);
  const parts: Uint8Array[] = [];
  if (Object.keys(extended).length > 0) parts.push(...paxHeader(extended));
  parts.push(
    header(
      { ...entry, name: entry.name.slice(0, 100), linkname: (entry.linkname ?? "").slice(0, 100) },
      TYPE_FLAG[entry.type],
      data.byteLength,
    ),
  );
  if (data.byteLength > 0) parts.push(data, Buffer.alloc(padding(data.byteLength)));
  return parts;
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
