import type { Image } from "#image/record/image.ts";
import type { BlobDigest } from "#registry/protocol/digest.ts";
import { isTag, type ManifestReference, type RepositoryName, type Tag } from "#registry/protocol/names.ts";
import type { ByteRange } from "#registry/protocol/range.ts";
import type { Blob, Manifest, Referrer, Repositories } from "#registry/repositories/contract.ts";
import { isDigest, type Digest } from "#spec/digest.ts";
import { MANIFEST_LIMIT, readKeptManifest } from "#spec/oci-image/manifest.ts";
import { canonicalName, type Reference } from "#spec/reference.ts";
import type { ContentStore } from "#store/content/contract.ts";
import type { Compressor } from "#store/compress/contract.ts";
import { madeBlob } from "./made-blob.ts";
import { referenceOf, servedName } from "./served-name.ts";
import { servedManifest, type ServedManifest } from "./served-manifest.ts";

export interface ImageStock {
  readonly content: ContentStore;
  readonly images: {
    all(): Image[];
    /** The configuration file's exact bytes. */
    configOf(id: Digest): Uint8Array;
  };
  readonly compressor: Compressor;
  readonly compressedLayers: { find(diffId: Digest): { readonly digest: Digest; readonly size: number } | undefined };
}

/** The images of an engine as repositories: nothing is copied, and nothing is kept of what was asked. */
export class ImageRepositories implements Repositories {
  readonly #stock: ImageStock;

  constructor(stock: ImageStock) {
    this.#stock = stock;
  }

  async *names(after = ""): AsyncGenerator<RepositoryName> {
    const tagged = this.#stock.images.all().flatMap(({ references }) => references.filter(({ tag }) => tag !== undefined));
    const names = new Set(tagged.map(servedName).filter((name) => name !== undefined));
    yield* [...names].filter((name) => name > after).toSorted(byCharacters);
  }

  async exists(name: RepositoryName): Promise<boolean> {
    return this.#named(name).length > 0;
  }

  async *tags(name: RepositoryName, after = ""): AsyncGenerator<Tag> {
    const tags = this.#named(name).flatMap(({ references }) => references.map(({ tag }) => tag));
    yield* tags.filter((tag): tag is Tag => tag !== undefined && isTag(tag) && tag > after).toSorted(byCharacters);
  }

  async manifest(name: RepositoryName, reference: ManifestReference): Promise<Manifest | undefined> {
    const named = this.#named(name);
    if (reference.kind === "tag") {
      const found = named.find(({ references }) => references.some(({ tag }) => tag === reference.tag));
      return found === undefined ? undefined : this.#manifestOf(found.image);
    }
    for (const { image } of named) {
      const manifest = await this.#manifestOf(image);
      if (manifest?.digest === reference.digest) return manifest;
    }
    const isIndex = named.some(({ references }) => references.some(({ digest }) => digest === reference.digest));
    return isIndex ? this.#document(reference.digest) : undefined;
  }

  /** Of what an image of this repository consists of, and no other: digests are no secret, and content may be. */
  async blob(name: RepositoryName, digest: BlobDigest): Promise<Blob | undefined> {
    for (const { image } of this.#named(name)) {
      if (image.id === digest) return inMemory(this.#stock.images.configOf(image.id));
      if (image.layers.some((layer) => layer.blob?.digest === digest)) return this.#kept(digest);
      const layer = (await this.#manifestOf(image))?.layers.find((one) => one.digest === digest);
      if (layer !== undefined) return layer.madeFrom === undefined ? this.#kept(digest) : madeBlob(this.#stock, layer, layer.madeFrom);
    }
    return undefined;
  }

  async *referrers(): AsyncGenerator<Referrer> {
    // An engine keeps images, and nothing about them.
  }

  /** Images with a name in the repository, and these names. */
  #named(name: RepositoryName): { readonly image: Image; readonly references: readonly Reference[] }[] {
    const wanted = referenceOf(name);
    if (wanted === undefined) return [];
    return this.#stock.images.all().flatMap((image) => {
      const references = image.references.filter((reference) => canonicalName(reference) === canonicalName(wanted));
      return references.length === 0 ? [] : [{ image, references }];
    });
  }

  #manifestOf(image: Image): Promise<ServedManifest | undefined> {
    const { content, images, compressedLayers } = this.#stock;
    const deps = {
      content,
      configOf: (id: Digest) => images.configOf(id),
      compressedAs: (diffId: Digest) => compressedLayers.find(diffId),
    };
    return servedManifest(deps, image);
  }

  /** An index that an image was found by: of what it names, the platforms that are here can be had. */
  async #document(digest: BlobDigest): Promise<Manifest | undefined> {
    const { content } = this.#stock;
    if (!isDigest(digest) || content.sizeOf(digest) === undefined) return undefined;
    const bytes = await content.read(digest, MANIFEST_LIMIT);
    return { digest, bytes, mediaType: readKeptManifest(bytes).mediaType };
  }

  #kept(digest: BlobDigest): Blob | undefined {
    const { content } = this.#stock;
    const size = isDigest(digest) ? content.sizeOf(digest) : undefined;
    if (!isDigest(digest) || size === undefined) return undefined;
    return { size, read: (range) => part(content.stream(digest, range?.start ?? 0), lengthOf(range, size)) };
  }
}

function lengthOf(range: ByteRange | undefined, size: number): number {
  return range === undefined ? size : range.end - range.start + 1;
}

async function* part(source: AsyncIterable<Uint8Array>, length: number): AsyncGenerator<Uint8Array> {
  let left = length;
  for await (const chunk of source) {
    yield chunk.subarray(0, left);
    left -= chunk.length;
    if (left <= 0) return;
  }
}

function inMemory(bytes: Uint8Array): Blob {
  return {
    size: bytes.length,
    async *read(range) {
      yield range === undefined ? bytes : bytes.subarray(range.start, range.end + 1);
    },
  };
}

function byCharacters(a: string, b: string): number {
  return a < b ? -1 : 1;
}
