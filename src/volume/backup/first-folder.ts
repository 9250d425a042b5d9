const BLOCK = 512;
const FOLDER = "5";
const EXTENDED = "x";
/** An extended header with times and attributes goes before the folder's own. */
const ENOUGH = 64 * 1024;

/** Of a volume's own folder. */
export interface FolderLooks {
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
}

/**
 * How the folder looks that an archive begins with, `./`; undefined where it begins with something else. What comes after is unpacked into a
 * folder that is there already, whose looks an archive does not change.
 */
export async function firstFolder(
  archive: AsyncIterable<Uint8Array>,
): Promise<{ readonly looks: FolderLooks | undefined; readonly whole: AsyncIterable<Uint8Array> }> {
  const source = archive[Symbol.asyncIterator]();
  const pieces: Uint8Array[] = [];
  for (let length = 0; length < ENOUGH;) {
    const { done, value } = await source.next();
    if (done === true) break;
    pieces.push(Uint8Array.from(value));
    length += value.length;
  }
  return { looks: looksOf(Buffer.concat(pieces)), whole: rest(pieces, source) };
}

/**
 * Has `use` read a stream, and reads what it leaves: whoever unpacks an archive stops at its end mark, and what is wrong with the stream may be told
 * at its very end.
 */
export async function toItsEnd(
  stream: AsyncIterable<Uint8Array>,
  use: (stream: AsyncIterable<Uint8Array>) => Promise<void>,
): Promise<void> {
  const source = stream[Symbol.asyncIterator]();
  try {
    await use({ [Symbol.asyncIterator]: () => ({ next: () => source.next() }) });
    while ((await source.next()).done !== true);
  } finally {
    await source.return?.();
  }
}

async function* rest(pieces: readonly Uint8Array[], source: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  yield* pieces;
  yield* { [Symbol.asyncIterator]: () => source };
}

/** Headers of POSIX ustar and pax: name, mode, uid, gid, size, type at their offsets, in octal; numbers that do not fit in records before it. */
function looksOf(start: Buffer): FolderLooks | undefined {
  const isExtended = textAt(start, 156, 1) === EXTENDED;
  const length = isExtended ? (octalAt(start, 124, 12) ?? 0) : 0;
  const header = isExtended ? start.subarray(BLOCK + Math.ceil(length / BLOCK) * BLOCK) : start;
  if (header.length < BLOCK || textAt(header, 0, 100) !== "./" || textAt(header, 156, 1) !== FOLDER) return undefined;
  const records = start.toString("utf8", BLOCK, BLOCK + length);
  const [mode, uid, gid] = [
    octalAt(header, 100, 8),
    idOf(records, "uid") ?? octalAt(header, 108, 8),
    idOf(records, "gid") ?? octalAt(header, 116, 8),
  ];
  return mode === undefined || uid === undefined || gid === undefined ? undefined : { mode: mode & 0o7777, uid, gid };
}

function idOf(records: string, key: "uid" | "gid"): number | undefined {
  const digits = new RegExp(`^\\d+ ${key}=(\\d{1,10})$`, "m").exec(records)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

function octalAt(header: Buffer, offset: number, length: number): number | undefined {
  const digits = textAt(header, offset, length).trim();
  return /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : undefined;
}

function textAt(header: Buffer, offset: number, length: number): string {
  return header.toString("latin1", offset, offset + length).replace(/\0.*$/s, "");
}
