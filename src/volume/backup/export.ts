import { pipeline, Readable } from "node:stream";
import { createZstdCompress } from "node:zlib";
import type { BackupContext } from "./deps.ts";
import { stillContent } from "./still-content.ts";

export type BackupCompression = "zstd" | "none";

/** The content of a volume as an archive that streams. Give it up, or abort, to end it. @throws EngineError `not-found`. */
export async function exportVolume(
  deps: BackupContext,
  root: string,
  name: string,
  { compression, signal }: { readonly compression: BackupCompression; readonly signal: AbortSignal },
): Promise<AsyncIterable<Uint8Array>> {
  const still = await stillContent(deps, root, name);
  try {
    const archive = thenDispose(await deps.archives.pack(still.folder, signal), still);
    return compression === "none" ? archive : compressed(archive);
  } catch (error) {
    await still[Symbol.asyncDispose]();
    throw error;
  }
}

/** Gives back what the archive is read from when it has been read, or nobody wants the rest. */
async function* thenDispose(body: AsyncIterable<Uint8Array>, resource: AsyncDisposable): AsyncGenerator<Uint8Array, void, undefined> {
  await using _ = resource;
  yield* body;
}

/** On a thread of libuv's. A failure of the source, or a reader who leaves, ends both. */
function compressed(archive: AsyncIterable<Uint8Array>): Readable {
  // A piece of the archive lives until the next is asked for, and the compressor takes more than one at a time.
  const source = Readable.from(copied(archive), { objectMode: false });
  return pipeline(source, createZstdCompress(), () => {}) as unknown as Readable;
}

async function* copied(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const piece of pieces) yield Uint8Array.from(piece);
}
