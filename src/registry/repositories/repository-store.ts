import { KeyedMutex } from "#lib/keyed-mutex.ts";
import { type BlobDigest, isBlobDigest } from "../protocol/digest.ts";
import { isTag, type ManifestReference, type RepositoryName, type Tag } from "../protocol/names.ts";
import type { RegistryStorage } from "../storage/contract.ts";
import type { Blob, Manifest, ManifestToPut, PutManifest, Referrer, VerifiedBlob, WritableRepositories } from "./contract.ts";
import * as keys from "./keys.ts";
import { unpackManifest, type ManifestRecord } from "./manifest-record.ts";
import { putManifest } from "./put-manifest.ts";
import type { Quotas } from "./quota.ts";
import type { Youth } from "./youth.ts";

export interface RepositoryStoreDeps {
  readonly storage: RegistryStorage;
  readonly youth: Youth;
  readonly quotas: Quotas;
}

/** Repositories as documents and blobs of a storage. What is written to one repository is written by one after the other. */
export class RepositoryStore implements WritableRepositories {
  readonly #storage: RegistryStorage;
  readonly #youth: Youth;
  readonly #quotas: Quotas;
  readonly #turns = new KeyedMutex();

  constructor({ storage, youth, quotas }: RepositoryStoreDeps) {
    this.#storage = storage;
    this.#youth = youth;
    this.#quotas = quotas;
  }

  /** Runs work on a repository while nobody else writes to it. */
  alone<T>(name: RepositoryName, work: () => Promise<T>): Promise<T> {
    return this.#turns.run(name, work);
  }

  async *names(after?: string): AsyncGenerator<RepositoryName> {
    const behind = after === undefined ? undefined : keys.folderName(after);
    for await (const folder of this.#storage.folders(keys.REPOSITORIES, behind)) {
      const name = keys.nameOfFolder(folder);
      if (name !== undefined) yield name;
    }
  }

  async exists(name: RepositoryName): Promise<boolean> {
    for await (const _ of this.#storage.folders(keys.repositoryFolder(name))) return true;
    return false;
  }

  async blob(name: RepositoryName, digest: BlobDigest): Promise<Blob | undefined> {
    const [link, blob] = await Promise.all([this.#storage.stat(keys.blobLink(name, digest)), this.#storage.statBlob(digest)]);
    if (link === undefined || blob === undefined) return undefined;
    return { size: blob.size, read: (range) => this.#storage.readBlob(digest, range) };
  }

  async manifest(name: RepositoryName, reference: ManifestReference): Promise<Manifest | undefined> {
    const digest = reference.kind === "digest" ? reference.digest : await this.#resolve(name, reference.tag);
    const record = digest === undefined ? undefined : await this.record(name, digest);
    return digest === undefined || record === undefined ? undefined : { digest, mediaType: record.mediaType, bytes: record.bytes };
  }

  async record(name: RepositoryName, digest: BlobDigest): Promise<ManifestRecord | undefined> {
    const document = await this.#storage.get(keys.manifestKey(name, digest));
    return document === undefined ? undefined : unpackManifest(document);
  }

  async *tags(name: RepositoryName, after?: string): AsyncGenerator<Tag> {
    for await (const tag of this.#storage.documents(keys.tags(name), after)) if (isTag(tag)) yield tag;
  }

  async *referrers(name: RepositoryName, subject: BlobDigest, after?: string): AsyncGenerator<Referrer> {
    const folder = keys.referrersOf(name, subject);
    for await (const file of this.#storage.documents(folder, after?.replace(":", "="))) {
      const digest = keys.digestOfFile(file);
      // Written before the manifest, and taken away behind it.
      if (digest === undefined || (await this.#storage.stat(keys.manifestKey(name, digest))) === undefined) continue;
      const entry = await this.#storage.get(`${folder}/${file}`);
      if (entry !== undefined) yield JSON.parse(entry.toString("utf8")) as Referrer;
    }
  }

  claimBlob(name: RepositoryName, digest: BlobDigest): Promise<number | undefined> {
    const key = keys.blobLink(name, digest);
    return this.#youth.alone(digest, async () => {
      const [link, blob] = await Promise.all([this.#storage.stat(key), this.#storage.statBlob(digest)]);
      if (link === undefined || blob === undefined) return undefined;
      this.#youth.claim(digest);
      await this.#youth.renewBlob(digest, blob.writtenAt);
      await this.#youth.renew(key, Buffer.from(String(blob.size)), link.writtenAt);
      return blob.size;
    });
  }

  async mountBlob(name: RepositoryName, digest: BlobDigest, from: RepositoryName): Promise<boolean> {
    if (name === from) return (await this.claimBlob(name, digest)) !== undefined;
    const size = await this.claimBlob(from, digest);
    if (size === undefined) return false;
    await this.alone(name, () => this.#youth.alone(digest, () => this.#link(name, digest, size)));
    return true;
  }

  async addBlob(name: RepositoryName, digest: BlobDigest, blob: VerifiedBlob): Promise<void> {
    const add = async (): Promise<void> => {
      const before = await this.#storage.statBlob(digest);
      if (before !== undefined) await this.#youth.renewBlob(digest, before.writtenAt);
      await blob.store(this.#storage);
      await this.#link(name, digest, blob.size);
    };
    await this.alone(name, () => this.#youth.alone(digest, add));
  }

  putManifest(name: RepositoryName, manifest: ManifestToPut): Promise<PutManifest> {
    return this.alone(name, () => putManifest({ storage: this.#storage, store: this }, name, manifest));
  }

  deleteTag(name: RepositoryName, tag: Tag): Promise<boolean> {
    return this.alone(name, () => this.#deleteKey(keys.tagKey(name, tag)));
  }

  deleteManifest(name: RepositoryName, digest: BlobDigest): Promise<boolean> {
    return this.alone(name, () => this.removeManifest(name, digest));
  }

  /** As `deleteManifest`, for who has the repository to himself: tags first, so that at no instant one leads nowhere. */
  async removeManifest(name: RepositoryName, digest: BlobDigest): Promise<boolean> {
    const record = await this.record(name, digest);
    if (record === undefined) return false;
    for await (const tag of this.tags(name)) {
      if ((await this.#resolve(name, tag)) === digest) await this.#storage.delete(keys.tagKey(name, tag));
    }
    await this.#storage.delete(keys.manifestKey(name, digest));
    if (record.subject !== undefined) await this.#storage.delete(keys.referrerKey(name, record.subject, digest));
    return true;
  }

  deleteBlob(name: RepositoryName, digest: BlobDigest): Promise<boolean> {
    return this.alone(name, async () => {
      const link = await this.#storage.get(keys.blobLink(name, digest));
      if (link === undefined) return false;
      await this.#storage.delete(keys.blobLink(name, digest));
      this.#quotas.changed(name, -Number(link.toString()));
      return true;
    });
  }

  /** For who has the repository and the digest to himself. */
  async #link(name: RepositoryName, digest: BlobDigest, size: number): Promise<void> {
    this.#youth.claim(digest);
    const key = keys.blobLink(name, digest);
    const before = await this.#storage.stat(key);
    if (before === undefined) await this.#quotas.check(name, size);
    await this.#storage.put(key, Buffer.from(String(size)));
    if (before === undefined) this.#quotas.changed(name, size);
  }

  async #deleteKey(key: string): Promise<boolean> {
    if ((await this.#storage.stat(key)) === undefined) return false;
    await this.#storage.delete(key);
    return true;
  }

  async #resolve(name: RepositoryName, tag: Tag): Promise<BlobDigest | undefined> {
    const digest = (await this.#storage.get(keys.tagKey(name, tag)))?.toString();
    return digest !== undefined && isBlobDigest(digest) ? digest : undefined;
  }
}
