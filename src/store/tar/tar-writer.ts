import type { BytePath } from "#lib/byte-path.ts";
import type { EntryType } from "#lib/tar/entry.ts";
import { BLOCK } from "#lib/tar/header.ts";

export interface PackedEntry {
  readonly type: EntryType;
  /** Of a folder: with a slash at its end. */
  readonly path: BytePath;
  readonly target: BytePath;
  readonly mode: number;
  readonly user: number;
  readonly group: number;
  readonly size: number;
  readonly seconds: number;
  readonly nanoseconds: number;
  readonly major: number;
  readonly minor: number;
  readonly xattrs: ReadonlyMap<string, Buffer> | undefined;
}

/** Where an archive goes: memory that is passed on when it is full. */
export interface ByteSink {
  /** Memory to fill next. */
  take(): Buffer;
  /** So much of it is filled. */
  pass(length: number): void;
}

const FLAGS = { file: "0", hardlink: "1", symlink: "2", char: "3", block: "4", folder: "5", fifo: "6" } as const satisfies Record<
  EntryType,
  string
>;
/** What seven octal digits, and eleven, can say. */
const MOST_ID = 0o7777777;
const MOST_SIZE = 0o77777777777;
const LONGEST_NAME = 100;
const XATTR = "SCHILY.xattr.";
const USTAR = Buffer.from("ustar\u000000", "latin1");

/** Writes a tar archive (POSIX pax) in place into a sink's memory: a file's content is read right to where it belongs. */
export class TarWriter {
  readonly #sink: ByteSink;
  #buffer: Buffer;
  #at = 0;
  #total = 0;

  constructor(sink: ByteSink) {
    this.#sink = sink;
    this.#buffer = sink.take();
  }

  /** Bytes so far. */
  get total(): number {
    return this.#total + this.#at;
  }

  entry(entry: PackedEntry): void {
    const records = paxRecords(entry);
    if (records !== "") this.#extended(records);
    this.#header(entry, FLAGS[entry.type]);
  }

  /** Room for content, at most `most` bytes of it; say with `filled` how many came. */
  room(most: number): Buffer {
    if (this.#at === this.#buffer.length) this.#flush();
    return this.#buffer.subarray(this.#at, Math.min(this.#buffer.length, this.#at + most));
  }

  filled(length: number): void {
    this.#at += length;
  }

  /** Zeros: for what is missing of a file that became shorter. */
  zeros(length: number): void {
    for (let left = length; left > 0;) {
      const room = this.room(left).fill(0);
      this.filled(room.length);
      left -= room.length;
    }
  }

  /** To the end of the block. */
  pad(size: number): void {
    this.zeros((BLOCK - (size % BLOCK)) % BLOCK);
  }

  finish(): void {
    this.zeros(2 * BLOCK);
    this.#pass();
  }

  #extended(records: string): void {
    const body = Buffer.from(records, "latin1");
    const named = { type: "file", path: "PaxHeaders", target: "", mode: 0o644, user: 0, group: 0, size: body.length } as const;
    this.#header({ ...named, seconds: 0, nanoseconds: 0, major: 0, minor: 0, xattrs: undefined }, "x");
    for (let at = 0; at < body.length;) {
      const copied = body.copy(this.room(body.length - at), 0, at);
      this.filled(copied);
      at += copied;
    }
    this.pad(body.length);
  }

  #header(entry: PackedEntry, flag: string): void {
    // Everything written is whole blocks and so is the memory: a header never crosses its end.
    const block = this.room(BLOCK).fill(0);
    block.write(entry.path, 0, LONGEST_NAME, "latin1");
    octal(block, 100, 7, entry.mode & 0o7777);
    octal(block, 108, 7, entry.user > MOST_ID ? 0 : entry.user);
    octal(block, 116, 7, entry.group > MOST_ID ? 0 : entry.group);
    octal(block, 124, 11, entry.size > MOST_SIZE ? 0 : entry.size);
    octal(block, 136, 11, entry.seconds < 0 || entry.seconds > MOST_SIZE ? 0 : entry.seconds);
    block.write(flag, 156, 1, "latin1");
    block.write(entry.target, 157, LONGEST_NAME, "latin1");
    USTAR.copy(block, 257);
    octal(block, 329, 7, entry.major);
    octal(block, 337, 7, entry.minor);
    block.fill(0x20, 148, 156);
    let sum = 0;
    for (let at = 0; at < BLOCK; at++) sum += block[at] as number;
    octal(block, 148, 6, sum);
    block[154] = 0;
    this.filled(BLOCK);
  }

  #flush(): void {
    this.#pass();
    this.#buffer = this.#sink.take();
  }

  #pass(): void {
    this.#sink.pass(this.#at);
    this.#total += this.#at;
    this.#at = 0;
  }
}

function octal(block: Buffer, at: number, digits: number, value: number): void {
  let rest = value;
  for (let place = at + digits - 1; place >= at; place--) {
    block[place] = 0x30 + (rest % 8);
    rest = Math.floor(rest / 8);
  }
}

/** What the fields of a header cannot say. */
function paxRecords(entry: PackedEntry): string {
  let records = "";
  if (entry.path.length > LONGEST_NAME) records += record("path", entry.path);
  if (entry.target.length > LONGEST_NAME) records += record("linkpath", entry.target);
  if (entry.size > MOST_SIZE) records += record("size", String(entry.size));
  if (entry.user > MOST_ID) records += record("uid", String(entry.user));
  if (entry.group > MOST_ID) records += record("gid", String(entry.group));
  if (entry.nanoseconds !== 0 || entry.seconds < 0 || entry.seconds > MOST_SIZE) records += record("mtime", timeText(entry));
  for (const [name, value] of entry.xattrs ?? []) records += record(XATTR + name, value.toString("latin1"));
  return records;
}

/** `<length> <key>=<value>\n`, where the length counts its own digits. Values are bytes, one character each. */
function record(key: string, value: string): string {
  const rest = key.length + value.length + 3;
  let length = rest + String(rest).length;
  if (String(length).length > String(rest).length) length += 1;
  return `${length} ${key}=${value}\n`;
}

/** A time before 1970 counts its fraction downwards here, and upwards in a timespec. */
function timeText({ seconds, nanoseconds }: PackedEntry): string {
  if (nanoseconds === 0) return String(seconds);
  const [whole, fraction] = seconds < 0 ? [seconds + 1, 1e9 - nanoseconds] : [seconds, nanoseconds];
  const sign = seconds < 0 && whole === 0 ? "-" : "";
  return `${sign}${whole}.${String(fraction).padStart(9, "0").replace(/0+$/, "")}`;
}
