import { createHash, type Hash } from "node:crypto";
import { Slots } from "#lib/slots.ts";
import { algorithmOf, type BlobDigest, type DigestAlgorithm, digestSoFar } from "../../protocol/digest.ts";
import type { VerifiedBlob } from "../../repositories/contract.ts";
import type { FoundUpload, UploadData, UploadRecord, UploadStore } from "../../uploads/contract.ts";
import type { Bucket } from "./bucket.ts";
import { type PartState, PartWriter } from "./part-writer.ts";
import { blobKey } from "./s3-storage.ts";

/** Each holds two parts in memory at most; a slow client keeps its place, so there are more of them than a store could take in at a time. */
const WRITING_AT_A_TIME = 32;
const ID = /^[A-Za-z0-9_-]{22}$/;
const never = new AbortController().signal;

interface SavedUpload extends PartState {
  readonly record: UploadRecord;
  /** Which `rest-<n>` is behind the parts. */
  readonly generation: number;
}

/**
 * Uploads in the bucket itself:
 *
 *     uploads/<id>/state      whose it is, and the parts that are there
 *     uploads/<id>/rest-<n>   what is too little for a part
 *     uploads/<id>/data       all of it, when it is finished
 *
 * Parts of an upload are no object and can be read by nobody; what they become has its digest for a name only when that was found to be
 * right. Any process goes on with an upload from what is in the bucket, and hashes it once more then.
 */
export class S3Uploads implements UploadStore {
  readonly #bucket: Bucket;
  readonly #partBytes: number;
  readonly #slots = new Slots(WRITING_AT_A_TIME);

  constructor(bucket: Bucket, { partBytes }: { readonly partBytes: number }) {
    this.#bucket = bucket;
    this.#partBytes = partBytes;
  }

  async *restore(): AsyncGenerator<FoundUpload> {
    // Other servers may be at work on the same bucket.
  }

  async create(id: string, record: UploadRecord): Promise<UploadData> {
    const data = this.#dataOf(id, { record, generation: 0, id: undefined, parts: [], rest: 0 }, Buffer.alloc(0));
    await data.save();
    return data;
  }

  async find(id: string): Promise<FoundUpload | undefined> {
    if (!ID.test(id)) return undefined;
    const [head, document] = [await this.#bucket.head(stateKey(id)), await this.#bucket.get(stateKey(id))];
    if (head === undefined || document === undefined) return undefined;
    const saved = JSON.parse(document.toString("utf8")) as SavedUpload;
    const rest = saved.rest === 0 ? Buffer.alloc(0) : await this.#bucket.get(restKey(id, saved.generation));
    if (rest?.length !== saved.rest) return undefined;
    return { id, record: saved.record, data: this.#dataOf(id, saved, rest), lastUsed: head.writtenAt };
  }

  async *abandoned(before: number): AsyncGenerator<FoundUpload> {
    for await (const { key, writtenAt } of this.#bucket.keys("uploads")) {
      const [, id = "", name] = key.split("/");
      const found = name === "state" && writtenAt < before ? await this.find(id) : undefined;
      if (found !== undefined) yield found;
    }
  }

  /** The state goes last: a process that is killed in the middle leaves something that the next one finds. */
  async remove(id: string, data: UploadData): Promise<void> {
    if (data instanceof S3Upload) await data.drop();
    for await (const { key } of this.#bucket.keys(`uploads/${id}`)) if (key !== stateKey(id)) await this.#bucket.delete(key);
    await this.#bucket.delete(stateKey(id));
  }

  #dataOf(id: string, saved: SavedUpload, rest: Buffer): S3Upload {
    return new S3Upload({ bucket: this.#bucket, slots: this.#slots, partBytes: this.#partBytes }, id, saved, rest);
  }
}

interface S3UploadDeps {
  readonly bucket: Bucket;
  readonly slots: Slots;
  readonly partBytes: number;
}

class S3Upload implements UploadData {
  readonly #deps: S3UploadDeps;
  readonly #id: string;
  readonly #record: UploadRecord;
  readonly #writer: PartWriter;
  /** What another process would find. */
  #saved: Pick<SavedUpload, "parts" | "rest" | "generation">;
  #sealedBytes: number | undefined;
  #hash: { readonly algorithm: DigestAlgorithm; readonly value: Hash } | undefined;

  constructor(deps: S3UploadDeps, id: string, saved: SavedUpload, rest: Buffer) {
    this.#deps = deps;
    this.#id = id;
    this.#record = saved.record;
    this.#saved = saved;
    const onBegun = (partsId: string): Promise<void> => this.#put({ ...this.#saved, id: partsId });
    this.#writer = new PartWriter(deps.bucket, dataKey(id), { partBytes: deps.partBytes, onBegun }, { state: saved, rest });
    const { algorithm } = saved.record;
    if (this.#writer.size === 0) this.#hash = { algorithm, value: createHash(algorithm) };
  }

  get size(): number {
    return this.#sealedBytes ?? this.#writer.size;
  }

  append(source: AsyncIterable<Uint8Array>, admit: (bytes: number) => void | Promise<void>, isLast: boolean): Promise<void> {
    return this.#deps.slots.run(never, async () => {
      try {
        for await (const chunk of source) {
          await admit(chunk.length);
          this.#hash?.value.update(chunk);
          await this.#writer.add(chunk);
        }
      } finally {
        await this.#settle();
        if (!isLast) await this.save();
      }
    });
  }

  async isOf(digest: BlobDigest): Promise<boolean> {
    const algorithm = algorithmOf(digest);
    if (this.#hash?.algorithm !== algorithm) this.#hash = { algorithm, value: await this.#hashAgain(algorithm) };
    return digestSoFar(algorithm, this.#hash.value) === digest;
  }

  as(digest: BlobDigest): VerifiedBlob {
    return { size: this.size, store: () => this.#storeAs(blobKey(digest)) };
  }

  /** Writes down how far it has come. */
  async save(): Promise<void> {
    const before = this.#saved;
    const { state, rest } = this.#writer;
    const generation = before.generation + 1;
    if (state.rest > 0) await this.#deps.bucket.put(restKey(this.#id, generation), rest);
    await this.#put({ ...state, generation });
    if (before.rest > 0) await this.#deps.bucket.delete(restKey(this.#id, before.generation));
  }

  async drop(): Promise<void> {
    await this.#writer.drop();
  }

  async #put({ id, parts, rest, generation }: Omit<SavedUpload, "record">): Promise<void> {
    const saved: SavedUpload = { record: this.#record, generation, id, parts, rest };
    await this.#deps.bucket.put(stateKey(this.#id), Buffer.from(JSON.stringify(saved)));
    this.#saved = saved;
  }

  /** What did not get there does not count, and what was hashed is not what is there. */
  async #settle(): Promise<void> {
    try {
      await this.#writer.settle();
    } catch (error) {
      this.#hash = undefined;
      throw error;
    }
  }

  /** Parts cannot be read before they are one object. */
  async #hashAgain(algorithm: DigestAlgorithm): Promise<Hash> {
    const hash = createHash(algorithm);
    if (this.#writer.state.parts.length === 0) return hash.update(this.#writer.rest);
    await this.#seal();
    for await (const chunk of this.#deps.bucket.read(dataKey(this.#id))) hash.update(chunk);
    return hash;
  }

  async #seal(): Promise<void> {
    const { size } = this.#writer;
    await this.#writer.finish();
    this.#sealedBytes = size;
  }

  async #storeAs(key: string): Promise<void> {
    const { bucket } = this.#deps;
    if ((await bucket.head(key)) !== undefined) return;
    if (this.#sealedBytes === undefined && this.#writer.state.parts.length === 0) return bucket.put(key, this.#writer.rest);
    if (this.#sealedBytes === undefined) await this.#seal();
    await bucket.copy(dataKey(this.#id), key, this.size);
  }
}

const stateKey = (id: string): string => `uploads/${id}/state`;
const restKey = (id: string, generation: number): string => `uploads/${id}/rest-${generation}`;
const dataKey = (id: string): string => `uploads/${id}/data`;
