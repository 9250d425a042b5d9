/** For tests: a registry on a loopback port, with images in memory and a say in every answer. */
import { createHash } from "node:crypto";
import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { packTar } from "#lib/tar-pack.ts";
import type { Digest } from "#spec/digest.ts";
import { mediaTypes } from "#spec/oci-image/types.ts";
import { silentLogger } from "#lib/logger.ts";
import type { EventSink } from "#events/contract.ts";
import type { ContentStore } from "#store/content/contract.ts";
import type { ImageGate, ImageTarget } from "./ports.ts";
import { FakeUploads } from "./fake-uploads.ts";
import { createPullService, type PullOptions, type PullService } from "./pull/pull.ts";
import type { PushOptions } from "./push/push.ts";
import { Registries, type RegistriesOptions } from "./registries.ts";

export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly authorization: string | undefined;
  readonly range: string | undefined;
}

/** Answers a request in its own way; false leaves it to the registry. */
export type Hook = (request: http.IncomingMessage, response: http.ServerResponse) => boolean;

interface StoredManifest {
  readonly bytes: Buffer;
  readonly type: string;
}

export class FakeRegistry implements AsyncDisposable {
  readonly blobs = new Map<string, Buffer>();
  readonly uploads = new FakeUploads(this);
  readonly manifests = new Map<string, StoredManifest>();
  readonly seen: SeenRequest[] = [];
  hook: Hook = () => false;
  readonly #server: http.Server;

  private constructor(server: http.Server) {
    this.#server = server;
  }

  static async start(): Promise<FakeRegistry> {
    const server = http.createServer((request, response) => registry.#answer(request, response));
    const registry = new FakeRegistry(server);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return registry;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** `127.0.0.1:12345` */
  get host(): string {
    return `127.0.0.1:${this.port}`;
  }

  get origin(): string {
    return `http://${this.host}`;
  }

  addBlob(bytes: Buffer): Digest {
    const digest = sha(bytes);
    this.blobs.set(digest, bytes);
    return digest;
  }

  addManifest(repository: string, tag: string | undefined, document: unknown, type: string): { digest: Digest; size: number } {
    const bytes = Buffer.from(typeof document === "string" ? document : JSON.stringify(document));
    for (const name of [tag, sha(bytes)]) if (name !== undefined) this.manifests.set(`${repository}:${name}`, { bytes, type });
    return { digest: sha(bytes), size: bytes.length };
  }

  /** How often a path was asked for. */
  count(part: string): number {
    return this.seen.filter(({ url }) => url.includes(part)).length;
  }

  #answer(request: http.IncomingMessage, response: http.ServerResponse): void {
    const url = request.url ?? "";
    this.seen.push({ method: request.method ?? "", url, authorization: request.headers.authorization, range: request.headers.range });
    if (this.hook(request, response)) return;
    const manifest = /^\/v2\/(.+)\/manifests\/([^/]+)$/.exec(url);
    const blob = /^\/v2\/.+\/blobs\/([^/]+)$/.exec(url);
    if (this.uploads.answer(request, response)) return;
    if (url === "/v2/") return void response.end("{}");
    if (manifest !== null) return this.#sendManifest(response, `${manifest[1]}:${manifest[2]}`);
    if (blob !== null) return sendBlob(request, response, this.blobs.get(blob[1] ?? ""));
    return refuse(response, 404, "NAME_UNKNOWN", "repository name not known to registry");
  }

  #sendManifest(response: http.ServerResponse, name: string): void {
    const found = this.manifests.get(name);
    if (found === undefined) return refuse(response, 404, "MANIFEST_UNKNOWN", "manifest unknown");
    response.writeHead(200, {
      "Content-Type": found.type,
      "Content-Length": found.bytes.length,
      "Docker-Content-Digest": sha(found.bytes),
    });
    response.end(found.bytes);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }
}

export function sendBlob(request: http.IncomingMessage, response: http.ServerResponse, bytes: Buffer | undefined): void {
  if (bytes === undefined) return refuse(response, 404, "BLOB_UNKNOWN", "blob unknown to registry");
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
  const range = from === 0 ? {} : { "Content-Range": `bytes ${from}-${bytes.length - 1}/${bytes.length}` };
  response.writeHead(from === 0 ? 200 : 206, { "Content-Length": bytes.length - from, ...range });
  response.end(bytes.subarray(from));
}

export function refuse(
  response: http.ServerResponse,
  status: number,
  code: string,
  message: string,
  headers: http.OutgoingHttpHeaders = {},
): void {
  response.writeHead(status, { "Content-Type": "application/json", ...headers });
  response.end(JSON.stringify({ errors: [{ code, message }] }));
}

export function sha(bytes: Uint8Array): Digest {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

/** What an image consists of, to be spoilt piece by piece. */
export interface ImageParts {
  readonly layers: readonly Buffer[];
  readonly packed: readonly Buffer[];
  readonly config: Buffer;
  readonly manifest: {
    readonly schemaVersion: number;
    readonly mediaType: string;
    readonly config: { readonly mediaType: string; readonly digest: string; readonly size: number };
    readonly layers: readonly { readonly mediaType: string; readonly digest: string; readonly size: number }[];
  };
}

/** An image of layers that hold a file each. */
export function imageParts(names: readonly string[], config: object = {}): ImageParts {
  const layers = names.map((name) => packTar([{ name: name.slice(0, 20), type: "file", mode: 0o644, data: Buffer.from(name) }]));
  const packed = layers.map((layer) => gzipSync(layer));
  const rootfs = { type: "layers", diff_ids: layers.map(sha) };
  const configBytes = Buffer.from(
    JSON.stringify({ architecture: "amd64", os: "linux", config: { Labels: { of: names.join() } }, rootfs, ...config }),
  );
  const manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: { mediaType: mediaTypes.ociConfig, digest: sha(configBytes), size: configBytes.length },
    layers: packed.map((bytes) => ({ mediaType: mediaTypes.ociLayerGzip, digest: sha(bytes), size: bytes.length })),
  };
  return { layers, packed, config: configBytes, manifest };
}

export function serve(
  registry: FakeRegistry,
  repository: string,
  tag: string | undefined,
  parts: ImageParts,
): { digest: Digest; size: number } {
  for (const bytes of [...parts.packed, parts.config]) registry.addBlob(bytes);
  return registry.addManifest(repository, tag, parts.manifest, parts.manifest.mediaType);
}

export interface TestOptions extends Partial<RegistriesOptions>, Partial<PullOptions>, Partial<PushOptions> {}

export function testRegistries(options: TestOptions = {}): Registries {
  return new Registries(
    { logger: silentLogger },
    {
      registries: { mirrors: [], insecureRegistries: [] },
      certificateFolders: [],
      userAgent: "test",
      retry: { attempts: 4, firstDelayMs: 1, longestDelayMs: 5 },
      stallMs: 300,
      headMs: 20_000,
      ...options,
    },
  );
}

export interface TestPullService extends PullService {
  close(): void;
}

/** Lets everything in. */
const openGate: ImageGate = { check: async () => undefined };

export function testPullService(
  deps: { target: ImageTarget; content: ContentStore; events: EventSink; gate?: ImageGate },
  options: TestOptions = {},
): TestPullService {
  const registries = testRegistries(options);
  const { concurrentDownloads = 3, platform = { os: "linux", architecture: "amd64", variant: undefined } } = options;
  const service = createPullService({ gate: openGate, ...deps, registries, logger: silentLogger }, { concurrentDownloads, platform });
  return { ...service, close: () => registries.close() };
}
