import { createReadStream, createWriteStream } from "node:fs";
import { open, rename, rm, type FileHandle } from "node:fs/promises";
import { join } from "node:path/posix";
import { pipeline } from "node:stream/promises";
import { createGunzip, createGzip } from "node:zlib";
import { isOpenForWriting, type NumberedFile } from "./log-folder.ts";

/** Fast: log lines are alike, and a higher level takes three times as long for a tenth less. */
const LEVEL = 1;
const BLOCK = 64 * 1024;

/** Replaces a file that nobody writes to any more by its compressed form. Killed at any instant it leaves one of both, whole, under a name that counts. */
export async function compressFile(folder: string, { name }: Pick<NumberedFile, "name">, signal: AbortSignal): Promise<void> {
  if (await isOpenForWriting(join(folder, name))) return;
  const temporary = join(folder, `${name}.gz.new`);
  try {
    await pipeline(
      createReadStream(join(folder, name)),
      createGzip({ level: LEVEL }),
      createWriteStream(temporary, { mode: 0o600, flush: true }),
      { signal },
    );
    await rename(temporary, join(folder, `${name}.gz`));
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await rm(join(folder, name), { force: true });
}

/**
 * A compressed file's content, in a file that has no name any more: it is gone when the handle is closed, or the process ends. What is
 * damaged is left out, with what comes after it.
 */
export async function decompressed(packed: FileHandle, temporary: string): Promise<FileHandle> {
  const file = await open(temporary, "wx+", 0o600);
  try {
    await rm(temporary);
    await pipeline(blocksOf(packed), createGunzip(), async (pieces: AsyncIterable<Uint8Array>) => {
      for await (const piece of pieces) await file.appendFile(piece);
    });
  } catch (error) {
    if (!isDamage(error)) {
      await file.close();
      throw error;
    }
  }
  return file;
}

async function* blocksOf(file: FileHandle): AsyncGenerator<Buffer, void, undefined> {
  for (let position = 0; ;) {
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(BLOCK), 0, BLOCK, position);
    if (bytesRead === 0) return;
    position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

function isDamage(error: unknown): boolean {
  return error instanceof Error && "code" in error && String(error.code).startsWith("Z_");
}
