import type { ContentStore } from "#store/content/contract.ts";
import { TarWriter } from "#store/tar/tar-writer.ts";
import { EngineError } from "#errors/engine-error.ts";
import type { ArchiveMember } from "./plan-archive.ts";

const BLOCK = 512;
const FOLDERS = ["blobs/", "blobs/sha256/"];
const NOBODYS = {
  target: "",
  user: 0,
  group: 0,
  // The same images give the same archive.
  seconds: 0,
  nanoseconds: 0,
  major: 0,
  minor: 0,
  xattrs: undefined,
} as const;

/** A tar archive that streams: blobs go from the store to the reader as they are read, and nothing is written. */
export async function* writeArchive(
  content: Pick<ContentStore, "stream">,
  members: readonly ArchiveMember[],
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  yield Buffer.concat(FOLDERS.map((path) => header({ ...NOBODYS, type: "folder", path, mode: 0o755, size: 0 })));
  for (const member of members) {
    const size = member.kind === "bytes" ? member.bytes.length : member.size;
    yield header({ ...NOBODYS, type: "file", path: member.name, mode: 0o644, size });
    if (member.kind === "bytes") yield member.bytes;
    else yield* exactly(content.stream(member.digest), member, signal);
    if (size % BLOCK !== 0) yield Buffer.alloc(BLOCK - (size % BLOCK));
  }
  yield Buffer.alloc(2 * BLOCK);
}

/** The size is in the archive already. */
async function* exactly(
  bytes: AsyncIterable<Uint8Array>,
  { digest, size }: Extract<ArchiveMember, { kind: "blob" }>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  let total = 0;
  for await (const piece of bytes) {
    signal.throwIfAborted();
    total += piece.length;
    if (total > size) break;
    yield piece;
  }
  if (total !== size) throw new EngineError("system", `blob ${digest} changed while it was saved`);
}

function header(entry: Parameters<TarWriter["entry"]>[0]): Buffer {
  const memory = Buffer.alloc(8 * BLOCK);
  const tar = new TarWriter({ take: () => memory, pass: () => undefined });
  tar.entry(entry);
  return memory.subarray(0, tar.total);
}
