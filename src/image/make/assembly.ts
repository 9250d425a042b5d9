import { createHash } from "node:crypto";
import { EngineError, isEngineError } from "#errors/engine-error.ts";
import type { Attestation } from "#spec/attestations.ts";
import type { Digest } from "#spec/digest.ts";
import { chainIds } from "#spec/oci-image/chain-id.ts";
import type { Reference } from "#spec/reference.ts";
import type { ContentStore } from "#store/content/contract.ts";
import type { LayerFill, Snapshotter } from "#store/snapshots/contract.ts";
import type { Unpacker } from "#store/unpack/contract.ts";
import type { GrowingFile } from "#store/worker/growing-file.ts";
import { decompressed } from "../archive/decompress.ts";
import type { Collector } from "../remove/collector.ts";
import { parseImageConfig } from "../record/image-config.ts";
import type { ImageStore } from "../record/image-store.ts";
import { digestOf, type ImageLayer, type LayerBlob } from "../record/image.ts";
import type { Lease, Leases } from "../record/leases.ts";

export interface AssemblyDeps {
  readonly images: ImageStore;
  readonly content: ContentStore;
  readonly snapshots: Snapshotter;
  readonly unpacker: Pick<Unpacker, "unpack">;
  readonly leases: Leases;
  readonly collector: Collector;
  /** Sizes of layers that were unpacked and are on no record yet; assemblies that wait for one another's layers share it. */
  readonly unpackedSizes: Map<Digest, number>;
}

export interface LayerImport {
  readonly chainId: Digest;
  /** Chain id of the layer below. */
  readonly parent: Digest | undefined;
  readonly diffId: Digest;
  /** The archive, which is in the content store, or on its way there. */
  readonly blob: Digest;
  readonly arriving?: ArrivingBlob | undefined;
  readonly onProgress?: (bytes: number) => void;
}

/** A blob that is still coming in. */
export interface ArrivingBlob {
  readonly file: GrowingFile;
  /** Resolves when it is here, verified; rejects when it will not be. */
  readonly done: Promise<void>;
}

export interface AssembledImage {
  /** The configuration file's exact bytes. */
  readonly configBytes: Uint8Array;
  readonly manifest?: Digest;
  /** From the base up, one a diff id; undefined where the layer was here and its archive was not fetched. */
  readonly layerBlobs: readonly (LayerBlob | undefined)[];
  /** Manifests and indexes to keep. */
  readonly blobs?: readonly Digest[];
  /** What is said of it; each in the place of what was said of its kind before. Their blobs are kept. */
  readonly attestations?: readonly Attestation[];
  readonly references: readonly Reference[];
}

export interface CommittedImage {
  readonly id: Digest;
  /** References that pointed at another image before. */
  readonly moved: readonly { readonly reference: Reference; readonly from: Digest }[];
}

/**
 * An image on its way in, from a registry or an archive: what it brings is held until it is on record, and what is on no record at
 * the end is removed again. An assembly that is given up leaves nothing.
 */
export class Assembly implements AsyncDisposable {
  readonly #deps: AssemblyDeps;
  readonly #lease: Lease;
  readonly #layers: Digest[] = [];
  readonly #sizes = new Map<Digest, number>();
  /** Archives by the diff id that they were found to have. */
  readonly #checked = new Map<Digest, Digest>();

  constructor(deps: AssemblyDeps) {
    this.#deps = deps;
    this.#lease = deps.leases.open();
  }

  /** Keeps a blob that is here or will be. */
  async holdBlob(digest: Digest): Promise<void> {
    await this.#lease.hold(digest);
  }

  /** Puts a small document into the content store, and keeps it. */
  async keepBytes(bytes: Uint8Array, signal: AbortSignal): Promise<Digest> {
    const digest = digestOf(bytes);
    await this.holdBlob(digest);
    await this.#deps.content.ingest(onePiece(bytes), { digest, size: bytes.length, limit: bytes.length }, signal);
    return digest;
  }

  /** Keeps every blob: for content whose digests are not known beforehand. What comes in has to be named to `holdBlob` afterwards. */
  async holdAllBlobs(): Promise<void> {
    await this.#lease.holdAll();
  }

  /** Keeps a layer, and tells whether it is here. */
  async holdLayer(chainId: Digest): Promise<boolean> {
    await this.#lease.hold(chainId);
    if (!this.#layers.includes(chainId)) this.#layers.push(chainId);
    if (!this.#deps.snapshots.hasLayer(chainId)) return false;
    await this.#learnSize(chainId);
    return true;
  }

  /** Whether the archive of a layer that is here is kept, too. */
  hasArchive(diffId: Digest): boolean {
    const { images, content } = this.#deps;
    const blob = images.blobOf(diffId);
    return blob !== undefined && content.sizeOf(blob.digest) !== undefined;
  }

  /** Keeps a layer that is about to come in by other ways, and what its files are in bytes. */
  async holdNewLayer(chainId: Digest, size: number): Promise<void> {
    await this.holdLayer(chainId);
    if (!this.#sizes.has(chainId)) this.#sizes.set(chainId, size);
  }

  /**
   * Unpacks a layer. Is it here meanwhile, its archive is only compared with the diff id: whoever brings an archive may not say what other
   * images' layers are kept as.
   *
   * @throws EngineError `invalid` for a layer that is hostile, broken or not what its diff id says.
   */
  async importLayer(layer: LayerImport, signal: AbortSignal): Promise<void> {
    const { snapshots, unpackedSizes } = this.#deps;
    const { chainId, parent, arriving } = layer;
    await this.holdLayer(chainId);
    let isNew = false;
    const fill: LayerFill = async (folder, below) => {
      isNew = true;
      unpackedSizes.set(chainId, await this.#unpack(layer, folder, below, signal));
    };
    // How long a download takes is its sender's to say: who has the layer already must not wait for that.
    await snapshots.importLayer(chainId, parent, fill, { alone: arriving === undefined });
    await arriving?.done;
    if (!isNew) await this.#compare(layer, signal);
    this.#checked.set(layer.diffId, layer.blob);
    await this.#learnSize(chainId);
  }

  /** Puts the image on record with its references, or nothing of it. Its layers have to be here. One that is known already only gains the references. */
  commit(image: AssembledImage, now: number): CommittedImage {
    const { images } = this.#deps;
    const id = digestOf(image.configBytes);
    const diffIds = parseImageConfig(image.configBytes).rootfs.diff_ids;
    const chain = chainIds(diffIds);
    const layers = diffIds.map((diffId, index): ImageLayer => {
      const chainId = chain[index] ?? diffId;
      const blob = this.#trusted(diffId, image.layerBlobs[index]) ?? images.blobOf(diffId);
      return { chainId, diffId, size: this.#sizes.get(chainId) ?? 0, blob };
    });
    // A daemon that is killed in between would leave an image that nobody finds by its name.
    const moved = images.atOnce(() => {
      images.add({ id, configBytes: image.configBytes, manifest: image.manifest, layers, blobs: image.blobs ?? [] });
      images.attestations.put(id, image.attestations ?? []);
      return image.references.flatMap((reference) => {
        const from = images.setReference(reference, id, now);
        return from === undefined ? [] : [{ reference, from }];
      });
    });
    return { id, moved };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const chainId of this.#layers) this.#deps.unpackedSizes.delete(chainId);
    const released = this.#lease.close();
    await this.#deps.collector.collectLayers(this.#layers.toReversed());
    await this.#deps.collector.collectBlobs(released);
  }

  /** @returns bytes in the layer's files. */
  async #unpack(layer: LayerImport, folder: string, below: string | undefined, signal: AbortSignal): Promise<number> {
    const { content, snapshots, unpacker } = this.#deps;
    const { blob, arriving, diffId: expectedDiffId, onProgress } = layer;
    const source = arriving === undefined ? { path: content.pathOf(blob) } : { growing: arriving.file };
    const request = { source, folder, below, whiteouts: snapshots.whiteouts, expectedDiffId, onProgress };
    try {
      const { contentSize } = await unpacker.unpack(request, signal);
      // What it was made of has to be what was asked for, too.
      await arriving?.done;
      return contentSize;
    } catch (error) {
      // That the file is not whole is known here first, and why it is not there.
      if (isEngineError(error, "cancelled")) await arriving?.done;
      throw error;
    }
  }

  /** Undefined for an archive of which it is not known that it is this layer's. */
  #trusted(diffId: Digest, blob: LayerBlob | undefined): LayerBlob | undefined {
    if (blob === undefined || blob.digest === diffId || this.#checked.get(diffId) === blob.digest) return blob;
    return this.#deps.images.isArchiveOf(diffId, blob.digest) ? blob : undefined;
  }

  async #compare({ diffId, blob }: LayerImport, signal: AbortSignal): Promise<void> {
    const { content, images } = this.#deps;
    if (blob === diffId || images.isArchiveOf(diffId, blob)) return;
    const hash = createHash("sha256");
    for await (const piece of decompressed(content.stream(blob), signal)) hash.update(piece);
    const found = `sha256:${hash.digest("hex")}`;
    if (found !== diffId) throw new EngineError("invalid", `layer diff id is ${found}, expected ${diffId}`, { code: "digest-mismatch" });
  }

  /** Another pull may have unpacked it: then its record, or the disk, knows. */
  async #learnSize(chainId: Digest): Promise<void> {
    if (this.#sizes.has(chainId)) return;
    const { images, snapshots, unpackedSizes } = this.#deps;
    const known = unpackedSizes.get(chainId) ?? images.sizeOfLayer(chainId);
    this.#sizes.set(chainId, known ?? (await snapshots.layerSize(chainId)));
  }
}

async function* onePiece(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
