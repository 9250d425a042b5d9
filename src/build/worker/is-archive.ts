import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { cString, type BytePath } from "#lib/byte-path.ts";
import { decompress, prepareDecompression } from "#store/unpack/decompress.ts";
import { isTarHeader } from "./tar-header.ts";

const BLOCK = 512;
const PIECE = 64 * 1024;

/** Whether a file begins as a tar archive does, compressed or not: what ADD unpacks. Its name does not matter. */
export async function isArchive(path: BytePath): Promise<boolean> {
  const fd = openSync(cString(path).subarray(0, -1), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    if (!fstatSync(fd).isFile()) return false;
    return isTarHeader(await firstBlock(fd));
  } catch {
    // Damaged data is no archive: it is copied as it is.
    return false;
  } finally {
    closeSync(fd);
  }
}

async function firstBlock(fd: number): Promise<Buffer> {
  prepareDecompression();
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of decompress(piecesOf(fd))) {
    pieces.push(Buffer.from(piece));
    length += piece.length;
    if (length >= BLOCK) break;
  }
  return Buffer.concat(pieces).subarray(0, BLOCK);
}

// oxlint-disable-next-line typescript/require-await -- an asynchronous iterable, as decompress wants it
async function* piecesOf(fd: number): AsyncGenerator<Uint8Array, void, undefined> {
  for (;;) {
    const piece = Buffer.allocUnsafe(PIECE);
    const length = readSync(fd, piece);
    if (length === 0) return;
    yield piece.subarray(0, length);
  }
}
