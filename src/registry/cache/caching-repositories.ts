import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { isEngineError, messageOf } from "#errors/engine-error.ts";
import type { Logger } from "#lib/logger.ts";
import { type BlobDigest, digestOf, algorithmOf } from "../protocol/digest.ts";
import { isTag, type ManifestReference, type RepositoryName, type Tag } from "../protocol/names.ts";
import type { ByteRange } from "../protocol/range.ts";
import { RegistryError } from "../protocol/registry-error.ts";
import type { Blob, Manifest, Referrer, Repositories, VerifiedBlob, WritableRepositories } from "../repositories/contract.ts";
import { removeFile } from "../storage/durable-files.ts";
import { Download } from "./download.ts";
import type { UpstreamRepository } from "./upstream.ts";

export interface CachingDeps {
  /** What is kept. */
  readonly store: WritableRepositories;
  /** Which repositories are copies; undefined for one of our own. */
  readonly upstreamOf: (name: RepositoryName) => UpstreamRepository | undefined;
  readonly logger: Logger;
}

export interface CachingOptions {
  /** For what is on its way. */
  readonly folder: string;
  /** So long a tag is what it was, without upstream being asked. */
  readonly freshMs: number;
}

const never = new AbortController().signal;

/**
 * Repositories of another registry, fetched when they are asked for and kept. What is called by a digest is asked for once and for all; a tag
 * is looked up again after a while, and is what it was as long as upstream cannot be asked: so a pull works without it.
 */
export class CachingRepositories implements Repositories {
  readonly #deps: CachingDeps;
  readonly #options: CachingOptions;
  readonly #downloads = new Map<string, Promise<Download | undefined>>();
  readonly #fresh = new Map<string, { readonly digest: BlobDigest | undefined; readonly until: number }>();

  constructor(deps: CachingDeps, options: CachingOptions) {
    this.#deps = deps;
    this.#options = options;
  }

  names(after?: string): AsyncIterable<RepositoryName> {
    return this.#deps.store.names(after);
  }

  async exists(name: RepositoryName): Promise<boolean> {
    if (await this.#deps.store.exists(name)) return true;
    return (await this.#upstreamTags(name)) !== undefined;
  }

  async *tags(name: RepositoryName, after = ""): AsyncGenerator<Tag> {
    const theirs = await this.#upstreamTags(name);
    if (theirs === undefined) yield* this.#deps.store.tags(name, after);
    else yield* theirs.filter((tag): tag is Tag => isTag(tag) && tag > after).toSorted((a, b) => (a < b ? -1 : 1));
  }

  referrers(name: RepositoryName, subject: BlobDigest, after?: string): AsyncIterable<Referrer> {
    return this.#deps.store.referrers(name, subject, after);
  }

  async manifest(name: RepositoryName, reference: ManifestReference, signal: AbortSignal): Promise<Manifest | undefined> {
    const { store, upstreamOf } = this.#deps;
    const upstream = upstreamOf(name);
    if (upstream === undefined) return store.manifest(name, reference, signal);
    const kept = await store.manifest(name, reference, signal);
    if (reference.kind === "digest") return kept ?? this.#fetch(name, upstream, reference.digest, [], signal);
    try {
      const digest = await this.#resolve(name, upstream, reference.tag, signal);
      if (digest === undefined) return undefined;
      return kept?.digest === digest ? kept : await this.#fetch(name, upstream, digest, [reference.tag], signal);
    } catch (error) {
      if (kept === undefined || signal.aborted) throw error;
      this.#deps.logger.warn(
        { repository: name, tag: reference.tag, error: messageOf(error) },
        "upstream cannot be asked: what was kept is given",
      );
      return kept;
    }
  }

  async blob(name: RepositoryName, digest: BlobDigest, signal: AbortSignal): Promise<Blob | undefined> {
    const upstream = this.#deps.upstreamOf(name);
    const kept = await this.#deps.store.blob(name, digest, signal);
    if (kept !== undefined || upstream === undefined) return kept;
    const download = await this.#download(name, upstream, digest);
    if (download === undefined) return undefined;
    return { size: download.size, read: (range) => download.read(range ?? { start: 0, end: download.size - 1 }) };
  }

  async #resolve(name: RepositoryName, { upstream, repository }: UpstreamRepository, tag: Tag, signal: AbortSignal) {
    const key = `${name}:${tag}`;
    const known = this.#fresh.get(key);
    if (known !== undefined && known.until > Date.now()) return known.digest;
    const digest = await upstream.resolve(repository, tag, signal);
    this.#fresh.delete(key);
    this.#fresh.set(key, { digest, until: Date.now() + this.#options.freshMs });
    for (const oldest of this.#fresh.keys()) {
      if (this.#fresh.size <= 10_000) break;
      this.#fresh.delete(oldest);
    }
    return digest;
  }

  async #fetch(
    name: RepositoryName,
    { upstream, repository }: UpstreamRepository,
    digest: BlobDigest,
    tags: readonly Tag[],
    signal: AbortSignal,
  ): Promise<Manifest | undefined> {
    const kept = await this.#deps.store.manifest(name, { kind: "digest", digest }, signal);
    const found = kept ?? (await upstream.manifest(repository, digest, signal));
    if (found === undefined) return undefined;
    if (digestOf(found.bytes, algorithmOf(digest)) !== digest) {
      throw new RegistryError("UNAVAILABLE", "upstream has sent something else than was asked for", { status: 502, detail: { digest } });
    }
    await this.#deps.store.putManifest(name, { bytes: found.bytes, mediaType: found.mediaType, digest, tags, isCopy: true });
    return this.#deps.store.manifest(name, { kind: "digest", digest }, signal);
  }

  /** One for everybody who wants it; it goes on when they have gone, so that it was not for nothing. */
  #download(name: RepositoryName, from: UpstreamRepository, digest: BlobDigest): Promise<Download | undefined> {
    const key = `${name}@${digest}`;
    let running = this.#downloads.get(key);
    if (running === undefined) {
      running = this.#begin(name, from, digest);
      this.#downloads.set(key, running);
      const forget = (): void => void this.#downloads.delete(key);
      running.then((download) => (download === undefined ? forget() : download.done.then(forget)), forget);
    }
    return running;
  }

  async #begin(name: RepositoryName, { upstream, repository }: UpstreamRepository, digest: BlobDigest): Promise<Download | undefined> {
    const found = await upstream.blob(repository, digest, never);
    if (found === undefined) return undefined;
    const path = join(this.#options.folder, randomBytes(12).toString("hex"));
    const keep = async (file: string, size: number): Promise<void> => {
      const blob: VerifiedBlob = { size, store: (storage) => storage.storeBlob(digest, file) };
      await this.#deps.store.addBlob(name, digest, blob).catch((error: unknown) => {
        this.#deps.logger.warn({ repository: name, digest, error: messageOf(error) }, "a blob from upstream could not be kept");
        return removeFile(file);
      });
    };
    return new Download(found, { digest, path, keep, kept: (range) => this.#kept(name, digest, range) });
  }

  async *#kept(name: RepositoryName, digest: BlobDigest, range: ByteRange): AsyncGenerator<Uint8Array> {
    const blob = await this.#deps.store.blob(name, digest, never);
    if (blob === undefined) throw new RegistryError("BLOB_UNKNOWN", "the blob is gone");
    yield* blob.read(range);
  }

  async #upstreamTags(name: RepositoryName): Promise<readonly string[] | undefined> {
    const found = this.#deps.upstreamOf(name);
    try {
      return await found?.upstream.tags(found.repository, never);
    } catch (error) {
      if (!isEngineError(error)) throw error;
      this.#deps.logger.warn({ repository: name, error: messageOf(error) }, "upstream cannot be asked for its tags");
      return undefined;
    }
  }
}
