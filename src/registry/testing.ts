/** For tests: a registry on a loopback port, in this process. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { listen, type Listener } from "#http/listen.ts";
import { silentLogger } from "#lib/logger.ts";
import { mediaTypes } from "#spec/oci-image/types.ts";
import { openRegistry, type OpenRegistry, type OpenRegistryDeps, type OpenRegistryOptions } from "./open-registry.ts";
import { type BlobDigest, digestOf } from "./protocol/digest.ts";

const testOptions = {
  auth: { kind: "none" },
  policy: undefined,
  quota: undefined,
  limits: { blobBytes: 1024 ** 3, stallMs: 10_000 },
  mostUploads: 100,
  uploadExpiryMs: 3_600_000,
  requestsPerSecond: undefined,
  graceMs: 3_600_000,
  collectEveryMs: undefined,
  collectUntagged: false,
} as const satisfies Omit<OpenRegistryOptions, "root">;

export class ServedRegistry implements AsyncDisposable {
  readonly root: string;
  readonly origin: string;
  readonly open: OpenRegistry;
  readonly #listener: Listener;
  readonly #ownsRoot: boolean;

  private constructor(root: string, open: OpenRegistry, listener: Listener, ownsRoot: boolean) {
    this.root = root;
    this.open = open;
    this.#listener = listener;
    this.#ownsRoot = ownsRoot;
    this.origin = listener.address.replace("tcp:", "http:");
  }

  static async start(options: Partial<OpenRegistryOptions> = {}, deps: Partial<OpenRegistryDeps> = {}): Promise<ServedRegistry> {
    const root = options.root ?? mkdtempSync(join(tmpdir(), "dhow-registry-"));
    const open = await openRegistry({ logger: silentLogger, ...deps }, { ...testOptions, ...options, root });
    const listener = await listen({ kind: "tcp", host: "127.0.0.1", port: 0 });
    open.registry.serve(listener);
    return new ServedRegistry(root, open, listener, options.root === undefined);
  }

  get host(): string {
    return this.origin.replace("http://", "");
  }

  /** A request below the origin; redirects are nobody's here. */
  fetch(path: string, init: RequestInit & { duplex?: "half" } = {}): Promise<Response> {
    return fetch(new URL(path, this.origin), init);
  }

  async pushBlob(repository: string, bytes: Buffer, headers: Record<string, string> = {}): Promise<BlobDigest> {
    const digest = digestOf(bytes);
    const answer = await this.fetch(`/v2/${repository}/blobs/uploads/?digest=${digest}`, {
      method: "POST",
      body: new Uint8Array(bytes),
      headers,
    });
    if (answer.status !== 201) throw new Error(`blob: ${answer.status} ${await answer.text()}`);
    return digest;
  }

  async pushManifest(repository: string, reference: string, manifest: object, headers: Record<string, string> = {}): Promise<BlobDigest> {
    const bytes = Buffer.from(JSON.stringify(manifest));
    const type = "mediaType" in manifest ? String(manifest.mediaType) : mediaTypes.ociManifest;
    const answer = await this.putManifest(repository, reference, bytes, { "Content-Type": type, ...headers });
    if (answer.status !== 201) throw new Error(`manifest: ${answer.status} ${await answer.text()}`);
    return digestOf(bytes);
  }

  putManifest(repository: string, reference: string, bytes: Buffer, headers: Record<string, string>): Promise<Response> {
    return this.fetch(`/v2/${repository}/manifests/${reference}`, { method: "PUT", body: new Uint8Array(bytes), headers });
  }

  /** An image of layers with such contents, tagged. */
  async pushImage(
    repository: string,
    tag: string,
    layers: readonly string[],
    more: object = {},
    headers: Record<string, string> = {},
  ): Promise<{ digest: BlobDigest; manifest: ReturnType<typeof imageManifest>; layers: BlobDigest[] }> {
    const config = Buffer.from(JSON.stringify({ architecture: "amd64", os: "linux", of: layers }));
    for (const bytes of [config, ...layers.map((layer) => Buffer.from(layer))]) await this.pushBlob(repository, bytes, headers);
    const manifest = imageManifest(
      config,
      layers.map((layer) => Buffer.from(layer)),
      more,
    );
    const digest = await this.pushManifest(repository, tag, manifest, headers);
    return { digest, manifest, layers: layers.map((layer) => digestOf(Buffer.from(layer))) };
  }

  async stop(): Promise<void> {
    this.#listener.close();
    await this.open.close(0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    if (this.#ownsRoot) rmSync(this.root, { recursive: true, force: true });
  }
}

export function imageManifest(config: Buffer, layers: readonly Buffer[], more: object = {}) {
  return {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: { mediaType: mediaTypes.ociConfig, digest: digestOf(config), size: config.length },
    layers: layers.map((bytes) => ({ mediaType: mediaTypes.ociLayer, digest: digestOf(bytes), size: bytes.length })),
    ...more,
  };
}
