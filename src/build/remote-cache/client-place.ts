import { createReadStream } from "node:fs";
import { buffer } from "node:stream/consumers";
import { EngineError } from "#errors/engine-error.ts";
import { hexOf, type Digest } from "#spec/digest.ts";
import { readKeptManifest } from "#spec/oci-image/manifest.ts";
import { mediaTypes, type Descriptor } from "#spec/oci-image/types.ts";
import type { ContentStore } from "#store/content/contract.ts";
import type { ClientSession } from "../session/client-session.ts";
import { digestOf } from "./cache-document.ts";
import type { WritableCachePlace } from "./place.ts";

type Blob = Pick<Descriptor, "digest" | "size">;

/** A folder of the client, as an OCI layout with one manifest. Layers are in it as they are kept here: plain. */
export class ClientPlace implements WritableCachePlace {
  readonly name: string;
  readonly #session: ClientSession;
  readonly #content: Pick<ContentStore, "stream">;
  readonly #cache: number;

  /** @param cache the number that the client gave it. */
  constructor({ session, content }: { readonly session: ClientSession; readonly content: Pick<ContentStore, "stream"> }, cache: number) {
    this.name = `the client's folder ${cache + 1}`;
    this.#session = session;
    this.#content = content;
    this.#cache = cache;
  }

  async readManifest(signal: AbortSignal): Promise<Uint8Array | undefined> {
    const index = await this.#file("index.json", signal);
    if (index === undefined) return undefined;
    const parsed = readKeptManifest(index);
    const digest = parsed.kind === "index" ? parsed.index.manifests.at(-1)?.digest : undefined;
    return digest === undefined ? undefined : await this.#file(fileOf(digest), signal);
  }

  async *readBlob({ digest }: Blob, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const stream = await this.#session.read({ kind: "read-file", cache: this.#cache, file: fileOf(digest) }, signal);
    if (stream === undefined) throw new EngineError("not-found", `${this.name} has no blob ${digest}`);
    yield* stream;
  }

  async putLayer({ diffId, size }: { readonly diffId: Digest; readonly size: number }, signal: AbortSignal): Promise<Descriptor> {
    if (!(await this.#has(diffId, signal))) await this.#write(fileOf(diffId), this.#content.stream(diffId), signal);
    return { mediaType: mediaTypes.ociLayer, digest: diffId, size };
  }

  async putFile(file: string, { digest }: Blob, signal: AbortSignal): Promise<void> {
    if (!(await this.#has(digest, signal))) await this.#write(fileOf(digest), createReadStream(file), signal);
  }

  async putBytes(bytes: Uint8Array, digest: Digest, signal: AbortSignal): Promise<void> {
    await this.#write(fileOf(digest), [bytes], signal);
  }

  async putManifest(bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    const digest = digestOf(bytes);
    await this.putBytes(bytes, digest, signal);
    const manifests = [{ mediaType: mediaTypes.ociManifest, digest, size: bytes.length }];
    await this.#write("oci-layout", [Buffer.from(JSON.stringify({ imageLayoutVersion: "1.0.0" }))], signal);
    await this.#write("index.json", [Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests }))], signal);
  }

  async #file(file: string, signal: AbortSignal): Promise<Buffer | undefined> {
    const stream = await this.#session.read({ kind: "read-file", cache: this.#cache, file }, signal);
    return stream === undefined ? undefined : await buffer(stream);
  }

  async #has(digest: Digest, signal: AbortSignal): Promise<boolean> {
    return await this.#session.has({ kind: "find-file", cache: this.#cache, file: fileOf(digest) }, signal);
  }

  async #write(file: string, bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, signal: AbortSignal): Promise<void> {
    await this.#session.write({ kind: "write-file", cache: this.#cache, file }, asynchronous(bytes), signal);
  }
}

async function* asynchronous(bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* bytes;
}

function fileOf(digest: Digest): string {
  return `blobs/sha256/${hexOf(digest)}`;
}
