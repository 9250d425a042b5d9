import { shownPath } from "#lib/byte-path.ts";
import type { ContentStore } from "#store/content/contract.ts";
import type { TarEntry } from "#lib/tar/entry.ts";
import type { Assembly } from "../make/assembly.ts";
import { decompressed } from "./decompress.ts";
import { invalid, linkTarget, memberName, Members, watchStart } from "./members.ts";
import { forEachEntry } from "./tar-entries.ts";

export interface ArchiveLimits {
  /** Largest single file. */
  readonly blobBytes: number;
  readonly entries: number;
}

export const defaultArchiveLimits: ArchiveLimits = Object.freeze({ blobBytes: 256 * 2 ** 30, entries: 50_000 });

const DOCUMENT_LIMIT = 4 * 1024 * 1024;
/** Those that lead to the rest, and what the oldest archives keep beside each layer. */
const DOCUMENT = /^(?:manifest\.json|index\.json|oci-layout|repositories|[0-9a-f]{64}\/(?:json|VERSION))$/;
const OCI_BLOB = /^blobs\/sha256\/([0-9a-f]{64})$/;

/**
 * Takes an image archive in as it streams: files become blobs, named by what they hold. The assembly holds them; those that no image
 * of the archive needs are gone when it is.
 *
 * @throws EngineError `invalid` for a hostile or broken archive, `too-large`, `exhausted`.
 */
export async function readArchive(
  deps: { content: ContentStore; assembly: Assembly },
  source: AsyncIterable<Uint8Array>,
  limits: ArchiveLimits,
  signal: AbortSignal,
): Promise<Members> {
  const members = new Members();
  await deps.assembly.holdAllBlobs();
  await forEachEntry(decompressed(source, signal), async (entry, bytes) => {
    signal.throwIfAborted();
    const name = memberName(shownPath(entry.path));
    if (members.size >= limits.entries) throw invalid(`more than ${limits.entries} files`);
    if (entry.type === "symlink" || entry.type === "hardlink") {
      members.set(name, { kind: "link", target: linkTarget(entry, name) });
    } else if (entry.type === "file") {
      await takeFile(deps, members, name, entry, bytes, limits, signal);
    } else if (entry.type !== "folder") {
      throw invalid(`${JSON.stringify(name.slice(0, 200))} is neither a file, a folder nor a link`);
    }
  });
  return members;
}

async function takeFile(
  { content, assembly }: { content: ContentStore; assembly: Assembly },
  members: Members,
  name: string,
  entry: TarEntry,
  bytes: AsyncIterable<Uint8Array>,
  limits: ArchiveLimits,
  signal: AbortSignal,
): Promise<void> {
  if (DOCUMENT.test(name)) {
    if (entry.size > DOCUMENT_LIMIT) throw invalid(`${name} has ${entry.size} bytes; at most ${DOCUMENT_LIMIT} are read`);
    members.set(name, { kind: "document", bytes: Buffer.concat(await Array.fromAsync(bytes)) });
    return;
  }
  const watched = watchStart(bytes);
  const { digest, size } = await content.ingest(watched.bytes, { size: entry.size, limit: limits.blobBytes }, signal);
  await assembly.holdBlob(digest);
  const named = OCI_BLOB.exec(name)?.[1];
  if (named !== undefined && digest !== `sha256:${named}`) throw invalid(`${name} does not hold what its name says`);
  members.set(name, { kind: "blob", digest, size, compression: watched.compression() });
}
