/** For tests: an image service over small stores in a folder of its own, and archives to feed it. */
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { gunzipSync } from "node:zlib";
import { EngineError } from "#errors/engine-error.ts";
import type { EngineEvent } from "#events/contract.ts";
import { silentLogger } from "#lib/logger.ts";
import { packTar, type TarEntry } from "#lib/tar-pack.ts";
import { hexOf, type Digest } from "#spec/digest.ts";
import type { ProgressMessage } from "#spec/progress.ts";
import type { ContentStore, ExpectedBlob } from "#store/content/contract.ts";
import { Database } from "#store/db/database.ts";
import type { LayerFill, Snapshotter } from "#store/snapshots/contract.ts";
import type { Unpacked, UnpackRequest } from "#store/unpack/contract.ts";
import { TarReader } from "#lib/tar/reader.ts";
import { digestOf } from "./record/image.ts";
import { createImageService, type ImageService, type ImageServiceDeps } from "./image-service.ts";

export const never = new AbortController().signal;

/** Blobs in memory, with a file each for those who want a path. */
class TestContent implements ContentStore {
  readonly blobs = new Map<Digest, Buffer>();
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  sizeOf(digest: Digest): number | undefined {
    return this.blobs.get(digest)?.length;
  }

  diskSizeOf(digest: Digest): number | undefined {
    return this.sizeOf(digest);
  }

  async ingest(source: AsyncIterable<Uint8Array>, expected: ExpectedBlob, signal: AbortSignal): Promise<{ digest: Digest; size: number }> {
    const known = expected.digest === undefined ? undefined : this.sizeOf(expected.digest);
    if (expected.digest !== undefined && known !== undefined) return { digest: expected.digest, size: known };
    const bytes = await gather(source, expected.limit, signal);
    const digest = digestOf(bytes);
    if (expected.digest !== undefined && digest !== expected.digest)
      throw new EngineError("invalid", "digest mismatch", { code: "digest-mismatch" });
    if (expected.size !== undefined && bytes.length !== expected.size)
      throw new EngineError("invalid", "size mismatch", { code: "size-mismatch" });
    this.blobs.set(digest, bytes);
    return { digest, size: bytes.length };
  }

  async produce(write: (path: string) => Promise<{ digest: Digest; size: number }>): Promise<void> {
    const file = path.join(this.#folder, "produced");
    const { digest } = await write(file);
    this.blobs.set(digest, readFileSync(file));
    rmSync(file);
  }

  async read(digest: Digest, limit: number): Promise<Buffer> {
    const bytes = this.blobs.get(digest);
    if (bytes === undefined) throw new EngineError("not-found", `no blob ${digest}`);
    if (bytes.length > limit) throw new EngineError("too-large", `blob ${digest} is over ${limit} bytes`);
    return bytes;
  }

  async *stream(digest: Digest, offset = 0): AsyncGenerator<Uint8Array> {
    yield (await this.read(digest, Number.MAX_SAFE_INTEGER)).subarray(offset);
  }

  pathOf(digest: Digest): string {
    const file = path.join(this.#folder, hexOf(digest));
    writeFileSync(file, this.blobs.get(digest) ?? "");
    return file;
  }

  async remove(digest: Digest): Promise<void> {
    this.blobs.delete(digest);
  }

  list(): { digest: Digest; size: number }[] {
    return [...this.blobs].map(([digest, bytes]) => ({ digest, size: bytes.length }));
  }

  async sweep(): Promise<void> {}
}

async function gather(source: AsyncIterable<Uint8Array>, limit: number, signal: AbortSignal): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of source) {
    signal.throwIfAborted();
    size += chunk.length;
    if (size > limit) throw new EngineError("too-large", `more than ${limit} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** What a layer takes on the disk of `TestSnapshots`. */
export const LAYER_BYTES = 4096;

/** Layers as folders. */
class TestSnapshots {
  readonly layers = new Map<Digest, Digest | undefined>();
  /** What is found in a layer's files, where it is not what was unpacked. */
  readonly contentSizes = new Map<Digest, number>();
  /** Layers that a container stands on. */
  readonly pinned = new Set<Digest>();
  readonly #running = new Map<Digest, Promise<void>>();
  readonly #folder: string;
  readonly name = "overlay2";
  readonly whiteouts = "overlay";

  constructor(folder: string) {
    this.#folder = folder;
  }

  hasLayer(chainId: Digest): boolean {
    return this.layers.has(chainId);
  }

  async importLayer(chainId: Digest, parent: Digest | undefined, fill: LayerFill): Promise<void> {
    await this.#running.get(chainId)?.catch(() => undefined);
    if (this.layers.has(chainId)) return;
    if (parent !== undefined && !this.layers.has(parent)) throw new EngineError("not-found", `no layer ${parent}`);
    const folder = path.join(this.#folder, `layer-${hexOf(chainId)}`);
    mkdirSync(folder, { recursive: true });
    const running = fill(folder, undefined).then(() => {
      this.layers.set(chainId, parent);
      this.contentSizes.delete(chainId);
    });
    this.#running.set(chainId, running);
    await running.finally(() => this.#running.delete(chainId));
  }

  async removeLayer(chainId: Digest): Promise<void> {
    if (this.isLayerUsed(chainId)) throw new EngineError("conflict", "in use");
    this.layers.delete(chainId);
  }

  isLayerUsed(chainId: Digest): boolean {
    return this.pinned.has(chainId) || [...this.layers.values()].includes(chainId);
  }

  async layerSize(chainId: Digest): Promise<number> {
    if (!this.layers.has(chainId)) throw new EngineError("not-found", `no layer ${chainId}`);
    return LAYER_BYTES;
  }

  async layerContentSize(chainId: Digest): Promise<number | undefined> {
    return this.contentSizes.get(chainId);
  }

  list(): { layers: Digest[]; writables: string[] } {
    return { layers: [...this.layers.keys()], writables: [] };
  }
}

/** Checks the diff id and counts, and writes nothing. */
async function testUnpack(request: UnpackRequest): Promise<Unpacked> {
  const file = "path" in request.source ? readFileSync(request.source.path) : Buffer.alloc(0);
  const tar = file[0] === 0x1f ? gunzipSync(file) : file;
  const diffId: Digest = `sha256:${createHash("sha256").update(tar).digest("hex")}`;
  if (request.expectedDiffId !== undefined && diffId !== request.expectedDiffId) {
    throw new EngineError("invalid", `the layer's diff id is ${diffId}, not ${request.expectedDiffId}`, { code: "digest-mismatch" });
  }
  let [contentSize, entries] = [0, 0];
  const reader = new TarReader({
    entry: (entry) => {
      entries++;
      contentSize += entry.size;
    },
    data: () => undefined,
    end: () => undefined,
  });
  reader.push(tar);
  reader.finish();
  request.onProgress?.(file.length);
  return { diffId, blob: undefined, contentSize, entries };
}

export interface ImageFixture extends Disposable {
  readonly service: ImageService;
  readonly content: TestContent;
  readonly snapshots: TestSnapshots;
  readonly events: Omit<EngineEvent, "timeNano">[];
  /** Containers by image id. */
  readonly users: Map<Digest, { id: string; running: boolean }[]>;
}

export function imageFixture({ remote, keeper }: Pick<ImageServiceDeps, "remote" | "keeper"> = {}): ImageFixture {
  const folder = mkdtempSync(path.join(tmpdir(), "dhow-image-"));
  const content = new TestContent(folder);
  const snapshots = new TestSnapshots(folder);
  const database = Database.open(":memory:");
  const events: ImageFixture["events"] = [];
  const users: ImageFixture["users"] = new Map();
  const service = createImageService(
    {
      database,
      content,
      snapshots: snapshots as unknown as Snapshotter,
      unpacker: { unpack: testUnpack },
      containers: { usersOf: (id) => users.get(id) ?? [] },
      events: { emit: (event) => void events.push(event) },
      logger: silentLogger,
      keeper,
      ...(remote === undefined ? {} : { remote }),
    },
    { platform: { os: "linux", architecture: "amd64", variant: undefined } },
  );
  const dispose = (): void => {
    database.close();
    rmSync(folder, { recursive: true, force: true });
  };
  return { service, content, snapshots, events, users, [Symbol.dispose]: dispose };
}

export const file = (name: string, data: string | Uint8Array = ""): TarEntry => ({
  name,
  type: "file",
  mode: 0o644,
  data: Buffer.from(data),
});

/** A layer that holds one file. */
export function layerTar(name: string, data = name): Buffer {
  return packTar([file(name, data)]);
}

export function configJson(layers: readonly Uint8Array[], extra: object = {}): Buffer {
  const rootfs = { type: "layers", diff_ids: layers.map(digestOf) };
  return Buffer.from(JSON.stringify({ architecture: "amd64", os: "linux", config: {}, rootfs, history: [], ...extra }));
}

export interface DockerArchiveImage {
  readonly layers: readonly Buffer[];
  readonly tags?: readonly string[];
  readonly config?: Buffer;
}

/** What `docker save` writes. */
export function dockerArchive(...images: readonly DockerArchiveImage[]): Buffer {
  const entries: TarEntry[] = [];
  const manifest = images.map(({ layers, tags = [], config = configJson(layers) }) => {
    const name = `${hexOf(digestOf(config))}.json`;
    const names = layers.map((layer) => `${hexOf(digestOf(layer))}/layer.tar`);
    entries.push(file(name, config), ...layers.map((layer, index) => file(names[index] ?? "", layer)));
    return { Config: name, RepoTags: tags, Layers: names };
  });
  return packTar([...entries, file("manifest.json", JSON.stringify(manifest))]);
}

export async function* chunked(bytes: Uint8Array, size = 1000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** Loads an archive and gives the lines of its stream. */
export async function load(fixture: ImageFixture, archive: Uint8Array): Promise<ProgressMessage[]> {
  const lines: ProgressMessage[] = [];
  await fixture.service.load({ archive: chunked(archive), platform: undefined, quiet: true }, (line) => lines.push(line), never);
  return lines;
}
