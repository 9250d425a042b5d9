/** For tests: the half of a registry that takes things in. */
import { createHash, randomUUID } from "node:crypto";
import type http from "node:http";
import type { FakeRegistry } from "./testing.ts";

const MANIFEST = /^\/v2\/(.+)\/manifests\/([^/]+)$/;
const BLOB = /^\/v2\/(.+)\/blobs\/(sha256:[0-9a-f]{64})$/;
const UPLOAD = /^\/v2\/(.+)\/blobs\/uploads\/([^/?]*)$/;

interface Upload {
  readonly repository: string;
  readonly received: Buffer[];
  length: number;
}

/** Uploads as Debian's registry does them: what came before a connection broke stays. */
export class FakeUploads {
  /** `repository@digest` */
  readonly present = new Set<string>();
  readonly open = new Map<string, Upload>();
  readonly mounted: string[] = [];
  /** Where an upload is to be sent to; its own address without. */
  place: ((path: string) => string) | undefined;
  /** Breaks the connection once an upload has this many bytes, so many times. */
  drops: { after: number; times: number } | undefined;
  mostAtOnce = 0;
  #atOnce = 0;
  readonly #registry: FakeRegistry;

  constructor(registry: FakeRegistry) {
    this.#registry = registry;
  }

  /** False: not what it is about. */
  answer(request: http.IncomingMessage, response: http.ServerResponse): boolean {
    const url = new URL(request.url ?? "", "http://registry");
    const [blob, upload, manifest] = [BLOB.exec(url.pathname), UPLOAD.exec(url.pathname), MANIFEST.exec(url.pathname)];
    if (blob !== null && request.method === "HEAD") this.#head(response, `${blob[1]}@${blob[2]}`);
    else if (upload !== null) this.#upload(request, response, url, upload[1] ?? "", upload[2] ?? "");
    else if (manifest !== null && request.method === "PUT") void this.#manifest(request, response, manifest[1] ?? "", manifest[2] ?? "");
    else return false;
    return true;
  }

  #head(response: http.ServerResponse, key: string): void {
    response.writeHead(this.present.has(key) ? 200 : 404).end();
  }

  #upload(request: http.IncomingMessage, response: http.ServerResponse, url: URL, repository: string, id: string): void {
    if (request.method === "POST") return this.#start(response, url, repository);
    const upload = this.open.get(id);
    if (upload === undefined) return void response.writeHead(404).end();
    if (request.method === "GET") return this.#tell(response, 204, url.pathname, upload);
    if (request.method === "DELETE") {
      this.open.delete(id);
      return void response.writeHead(204).end();
    }
    return void this.#take(request, response, url, id, upload).catch(() => response.destroy());
  }

  #start(response: http.ServerResponse, url: URL, repository: string): void {
    const [digest, from] = [url.searchParams.get("mount"), url.searchParams.get("from")];
    if (digest !== null && this.present.has(`${from}@${digest}`)) {
      this.present.add(`${repository}@${digest}`);
      this.mounted.push(`${digest} from ${from}`);
      return void response.writeHead(201, { Location: `/v2/${repository}/blobs/${digest}` }).end();
    }
    const id = randomUUID();
    const upload = { repository, received: [], length: 0 };
    this.open.set(id, upload);
    return this.#tell(response, 202, `/v2/${repository}/blobs/uploads/${id}`, upload);
  }

  #tell(response: http.ServerResponse, status: number, path: string, { length }: Upload): void {
    response.writeHead(status, { Location: this.place?.(path) ?? `${path}?state=${length}`, Range: `0-${Math.max(0, length - 1)}` }).end();
  }

  async #take(request: http.IncomingMessage, response: http.ServerResponse, url: URL, id: string, upload: Upload): Promise<void> {
    this.mostAtOnce = Math.max(this.mostAtOnce, ++this.#atOnce);
    try {
      for await (const chunk of request as AsyncIterable<Buffer>) {
        upload.received.push(chunk);
        upload.length += chunk.length;
        if (this.drops === undefined || this.drops.times === 0 || upload.length < this.drops.after) continue;
        this.drops.times--;
        request.socket.destroy();
        return;
      }
    } finally {
      this.#atOnce--;
    }
    if (request.method === "PATCH") return this.#tell(response, 202, url.pathname, upload);
    return this.#finish(response, url.searchParams.get("digest") ?? "", id, upload);
  }

  #finish(response: http.ServerResponse, digest: string, id: string, { repository, received }: Upload): void {
    const bytes = Buffer.concat(received);
    if (digest !== `sha256:${createHash("sha256").update(bytes).digest("hex")}`) {
      response
        .writeHead(400)
        .end(JSON.stringify({ errors: [{ code: "DIGEST_INVALID", message: "provided digest did not match uploaded content" }] }));
      return;
    }
    this.open.delete(id);
    this.#registry.addBlob(bytes);
    this.present.add(`${repository}@${digest}`);
    response.writeHead(201, { Location: `/v2/${repository}/blobs/${digest}` }).end();
  }

  async #manifest(request: http.IncomingMessage, response: http.ServerResponse, repository: string, tag: string): Promise<void> {
    const bytes = Buffer.concat(await Array.fromAsync(request as AsyncIterable<Buffer>));
    this.#registry.addManifest(repository, tag, bytes.toString(), request.headers["content-type"] ?? "");
    response.writeHead(201).end();
  }
}
