import { createHash } from "node:crypto";
import { EngineError } from "#errors/engine-error.ts";
import type { Digest } from "#spec/digest.ts";
import type { BlobRepository } from "../../ports.ts";
import { validateVolumeName } from "../../volume.ts";
import { chunksOf } from "./chunker.ts";
import { compressChunk, damaged, decompressChunk } from "./chunk.ts";
import { type Snapshot, type SnapshotStorage, theOneOf } from "./contract.ts";
import {
  type BlobFacts,
  CHUNKS_PER_PART,
  describe,
  EMPTY,
  indexDocument,
  isSnapshotTag,
  partDocument,
  readIndex,
  readPart,
  tagOf,
  TYPES,
} from "./snapshot-document.ts";

/** Chunks on their way at a time: each is up to 4 MiB of memory. */
const AT_ONCE = 4;

/** Snapshots in a repository of a registry: chunks are its blobs, and what another snapshot has brought there is not sent again. */
export class RepositorySnapshots implements SnapshotStorage {
  readonly #repository: BlobRepository;

  constructor(repository: BlobRepository) {
    this.#repository = repository;
  }

  async add(volume: string, archive: AsyncIterable<Uint8Array>): Promise<Snapshot> {
    const sender = new ChunkSender(this.#repository, await this.#chunksOfNewest(volume));
    const hash = createHash("sha256");
    let size = 0;
    for await (const chunk of chunksOf(archive)) {
      hash.update(chunk);
      size += chunk.length;
      await sender.send(chunk);
    }
    await sender.finish();
    const id = hash.digest("hex");
    const known = await this.#index({ volume, id });
    if (known !== undefined) return known.snapshot;
    const snapshot: Snapshot = { id, volume, created: new Date().toISOString(), size, added: sender.added };
    await this.#putIndex(snapshot, sender.chunks);
    return snapshot;
  }

  async list(volume: string): Promise<readonly Snapshot[]> {
    validateVolumeName(volume);
    const snapshots: Snapshot[] = [];
    for (const tag of await this.#repository.tags()) {
      if (!isSnapshotTag(tag, volume)) continue;
      const found = await this.#read(tag);
      if (found !== undefined) snapshots.push(found.snapshot);
    }
    return snapshots.toSorted((a, b) => (a.created < b.created ? -1 : 1));
  }

  async find(volume: string, id: string): Promise<Snapshot> {
    return theOneOf(await this.list(volume), volume, id);
  }

  async *content(snapshot: Pick<Snapshot, "volume" | "id">): AsyncGenerator<Uint8Array, void, undefined> {
    const { parts } = await this.#needed(snapshot);
    const hash = createHash("sha256");
    for (const part of parts) {
      for (const chunk of await this.#chunksOf(part)) {
        const bytes = await this.#chunk(chunk);
        hash.update(bytes);
        yield bytes;
      }
    }
    if (hash.digest("hex") !== snapshot.id) throw damaged(`it is not what ${snapshot.id} was`);
  }

  /** The registry's own collection of garbage takes the chunks that nobody names any more. */
  async remove(snapshot: Pick<Snapshot, "volume" | "id">): Promise<void> {
    const { digest, parts } = await this.#needed(snapshot);
    const others = (await this.#repository.tags()).filter((tag) => isSnapshotTag(tag) && tag !== tagOf(snapshot));
    await this.#repository.removeManifest(digest);
    const needed = new Set<Digest>();
    for (const tag of others) for (const part of (await this.#read(tag))?.parts ?? []) needed.add(part.digest);
    for (const part of parts) if (!needed.has(part.digest)) await this.#repository.removeManifest(part.digest);
  }

  /** The tag is written last: until then there is no such snapshot. */
  async #putIndex(snapshot: Snapshot, chunks: readonly BlobFacts[]): Promise<void> {
    await putOnce(this.#repository, describe(EMPTY), EMPTY);
    const parts: BlobFacts[] = [];
    for (let at = 0; at < chunks.length; at += CHUNKS_PER_PART) {
      const { digest, size, bytes } = partDocument(chunks.slice(at, at + CHUNKS_PER_PART));
      await this.#repository.putManifest(digest, TYPES.part, bytes);
      parts.push({ digest, size });
    }
    await this.#repository.putManifest(tagOf(snapshot), TYPES.index, indexDocument(snapshot, parts).bytes);
  }

  /** What most probably has not changed since. */
  async #chunksOfNewest(volume: string): Promise<ReadonlySet<Digest>> {
    const newest = (await this.list(volume)).at(-1);
    const parts = newest === undefined ? [] : (await this.#needed(newest)).parts;
    const chunks: Digest[] = [];
    for (const part of parts) chunks.push(...(await this.#chunksOf(part)).map(({ digest }) => digest));
    return new Set(chunks);
  }

  async #chunksOf({ digest }: BlobFacts): Promise<readonly BlobFacts[]> {
    const document = await this.#repository.manifest(digest, TYPES.part);
    if (document === undefined) throw damaged(`its part ${digest} is gone`);
    return readPart(document.bytes);
  }

  async #chunk({ digest, size }: BlobFacts): Promise<Buffer> {
    const bytes = await this.#repository.get(digest, size);
    if (describe(bytes).digest !== digest) throw damaged(`chunk ${digest} has changed`);
    return await decompressChunk(bytes).catch((cause: unknown) => {
      throw damaged(`chunk ${digest} cannot be read`, cause);
    });
  }

  async #needed({ volume, id }: Pick<Snapshot, "volume" | "id">): Promise<FoundIndex> {
    const found = await this.#index({ volume, id });
    if (found === undefined) throw new EngineError("not-found", `no such snapshot of ${volume}: ${id}`);
    return found;
  }

  /** A tag can be moved by whoever writes to the repository: what it names has to say the same of itself. */
  async #index(wanted: Pick<Snapshot, "volume" | "id">): Promise<FoundIndex | undefined> {
    const found = await this.#read(tagOf(wanted));
    if (found === undefined) return undefined;
    const { volume, id } = found.snapshot;
    if (volume !== wanted.volume || id !== wanted.id) throw damaged("its tag names another one");
    return found;
  }

  async #read(tag: string): Promise<FoundIndex | undefined> {
    const document = await this.#repository.manifest(tag, TYPES.index);
    return document && { digest: document.digest, ...readIndex(document.bytes) };
  }
}

interface FoundIndex extends ReturnType<typeof readIndex> {
  readonly digest: Digest;
}

/** Brings chunks into a repository, several at a time. */
class ChunkSender {
  /** In their order. */
  readonly chunks: BlobFacts[] = [];
  /** Bytes that were sent. */
  added = 0;
  readonly #repository: BlobRepository;
  readonly #known: Set<Digest>;
  readonly #sending = new Set<Promise<void>>();

  constructor(repository: BlobRepository, known: ReadonlySet<Digest>) {
    this.#repository = repository;
    this.#known = new Set(known);
  }

  /** Waits for its turn, and not for its end. @throws what sending an earlier one threw. */
  async send(chunk: Buffer): Promise<void> {
    const bytes = await compressChunk(chunk);
    const blob = describe(bytes);
    this.chunks.push(blob);
    if (this.#known.has(blob.digest)) return;
    this.#known.add(blob.digest);
    while (this.#sending.size >= AT_ONCE) await Promise.race(this.#sending);
    const sending = putOnce(this.#repository, blob, bytes).then((sent) => {
      this.added += sent;
      this.#sending.delete(sending);
    });
    // It is told of by whoever waits next.
    sending.catch(() => {});
    this.#sending.add(sending);
  }

  async finish(): Promise<void> {
    await Promise.all(this.#sending);
  }
}

/** @returns how many bytes it took. */
async function putOnce(repository: BlobRepository, { digest, size }: BlobFacts, bytes: Uint8Array): Promise<number> {
  if (await repository.has(digest)) return 0;
  await repository.put(digest, bytes);
  return size;
}
