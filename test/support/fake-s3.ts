/**
 * An object store of S3's protocol on a loopback port, in memory, as strict as Amazon's where it matters here: every request is signed (SigV4)
 * by the one key that there is, bodies are what their digests say, parts but the last have 5 MiB, a list has so many entries a page.
 */
import { createHash, createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";

interface StoredObject {
  readonly bytes: Buffer;
  readonly etag: string;
  /** Whole seconds, as S3 has them. */
  readonly modified: number;
}

interface OpenParts {
  readonly key: string;
  readonly parts: Map<number, StoredObject>;
}

/** What comes in place of an answer: a status, or a body that breaks off behind so many bytes. */
export type Fault = { readonly status: number; readonly code: string } | { readonly breakAfter: number };

export interface FakeS3Options {
  readonly bucket: string;
  readonly pageSize?: number;
  readonly leastPart?: number;
}

interface S3Request {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
}

interface S3Answer {
  readonly status: number;
  readonly headers?: http.OutgoingHttpHeaders;
  readonly body?: string | Buffer;
}

const FIVE_MEBI = 5 * 1024 ** 2;
const UNSIGNED = "UNSIGNED-PAYLOAD";

export class FakeS3 implements AsyncDisposable {
  readonly accessKeyId = `AKIA${randomBytes(8).toString("hex").toUpperCase()}`;
  readonly secretAccessKey = randomBytes(20).toString("base64");
  readonly objects = new Map<string, StoredObject>();
  readonly parts = new Map<string, OpenParts>();
  readonly seen: string[] = [];
  /** The most bytes of one request's body so far. */
  largestBody = 0;
  fault: (request: S3Request) => Fault | undefined = () => undefined;
  readonly #options: FakeS3Options;
  readonly #server: http.Server;

  private constructor(server: http.Server, options: FakeS3Options) {
    this.#server = server;
    this.#options = options;
  }

  static async start(options: FakeS3Options): Promise<FakeS3> {
    const server = http.createServer((request, response) => void store.#serve(request, response));
    const store = new FakeS3(server, options);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return store;
  }

  get endpoint(): URL {
    return new URL(`http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`);
  }

  /** What the official client reads of its environment. */
  get environment(): Record<string, string> {
    return { AWS_ACCESS_KEY_ID: this.accessKeyId, AWS_SECRET_ACCESS_KEY: this.secretAccessKey, AWS_REGION: "us-east-1" };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }

  async #serve(incoming: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const body = Buffer.concat(await Array.fromAsync(incoming as AsyncIterable<Buffer>).catch(() => []));
    this.largestBody = Math.max(this.largestBody, body.length);
    const url = new URL(incoming.url ?? "", "http://s3");
    const request = {
      method: incoming.method ?? "",
      path: decodeURIComponent(url.pathname),
      query: url.searchParams,
      headers: incoming.headers,
      body,
    };
    this.seen.push(`${request.method} ${incoming.url}`);
    const fault = this.fault(request);
    const answer = fault !== undefined && "status" in fault ? failure(fault.status, fault.code) : this.#answer(request, incoming.url ?? "");
    const bytes = Buffer.from(answer.body ?? "");
    response.writeHead(answer.status, {
      "Content-Length": bytes.length,
      "x-amz-request-id": randomBytes(4).toString("hex"),
      ...answer.headers,
    });
    if (fault !== undefined && "breakAfter" in fault)
      return void response.write(bytes.subarray(0, fault.breakAfter), () => response.destroy());
    response.end(request.method === "HEAD" ? undefined : bytes);
  }

  #answer(request: S3Request, target: string): S3Answer {
    const refused = this.#faultOfSignature(request, target);
    if (refused !== undefined) return failure(403, refused);
    const [, bucket, ...rest] = request.path.split("/");
    const key = rest.join("/");
    if (bucket !== this.#options.bucket) return failure(404, "NoSuchBucket");
    if (key === "") return request.query.has("list-type") ? this.#list(request.query) : { status: 200 };
    if (request.query.has("uploads")) return this.#begin(key);
    const id = request.query.get("uploadId");
    if (id !== null) return this.#part(request, key, id);
    return this.#object(request, key);
  }

  #object({ method, headers, body }: S3Request, key: string): S3Answer {
    if (method === "PUT") {
      const source = headers["x-amz-copy-source"];
      const bytes = source === undefined ? body : this.objects.get(keyOfSource(source))?.bytes;
      if (bytes === undefined) return failure(404, "NoSuchKey");
      const stored = this.#put(key, bytes);
      return source === undefined
        ? { status: 200, headers: { ETag: stored.etag } }
        : { status: 200, body: copied("CopyObjectResult", stored) };
    }
    if (method === "DELETE") {
      this.objects.delete(key);
      return { status: 204 };
    }
    const found = this.objects.get(key);
    if (found === undefined) return failure(404, "NoSuchKey");
    const facts = { ETag: found.etag, "Last-Modified": new Date(found.modified).toUTCString() };
    if (method === "HEAD") return { status: 200, headers: { ...facts, "Content-Length": found.bytes.length } };
    const part = partOf(found.bytes, headers.range);
    return { ...part, headers: { ...facts, ...part.headers } };
  }

  #begin(key: string): S3Answer {
    const id = randomBytes(8).toString("hex");
    this.parts.set(id, { key, parts: new Map() });
    return {
      status: 200,
      body: `<InitiateMultipartUploadResult><Key>${key}</Key><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`,
    };
  }

  #part({ method, query, headers, body }: S3Request, key: string, id: string): S3Answer {
    const open = this.parts.get(id);
    if (open === undefined || open.key !== key) return failure(404, "NoSuchUpload");
    if (method === "DELETE") {
      this.parts.delete(id);
      return { status: 204 };
    }
    if (method === "POST") return this.#complete(open, id, body.toString());
    const source = headers["x-amz-copy-source"];
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(String(headers["x-amz-copy-source-range"])) ?? [];
    const bytes = source === undefined ? body : this.objects.get(keyOfSource(source))?.bytes.subarray(Number(from), Number(to) + 1);
    if (bytes === undefined) return failure(404, "NoSuchKey");
    const stored = objectOf(bytes);
    open.parts.set(Number(query.get("partNumber")), stored);
    return source === undefined ? { status: 200, headers: { ETag: stored.etag } } : { status: 200, body: copied("CopyPartResult", stored) };
  }

  #complete({ key, parts }: OpenParts, id: string, document: string): S3Answer {
    const named = [...document.matchAll(/<Part>(.*?)<\/Part>/gs)].map(([, text = ""]) => ({
      number: Number(/<PartNumber>(\d+)</.exec(text)?.[1]),
      etag: (/<ETag>(.*?)</.exec(text)?.[1] ?? "").replaceAll("&quot;", '"'),
    }));
    const least = this.#options.leastPart ?? FIVE_MEBI;
    const found = named.map(({ number }) => parts.get(number));
    if (named.some(({ number }, index) => index > 0 && number <= (named[index - 1]?.number ?? 0))) return failure(400, "InvalidPartOrder");
    if (named.length === 0 || found.some((part, index) => part === undefined || part.etag !== named[index]?.etag))
      return failure(400, "InvalidPart");
    if (found.slice(0, -1).some((part) => (part?.bytes.length ?? 0) < least)) return failure(400, "EntityTooSmall");
    this.#put(key, Buffer.concat(found.map((part) => part?.bytes ?? Buffer.alloc(0))));
    this.parts.delete(id);
    return { status: 200, body: `<CompleteMultipartUploadResult><Key>${key}</Key></CompleteMultipartUploadResult>` };
  }

  /** One entry counts one, whether it is a key or a common prefix, as in S3. */
  #list(query: URLSearchParams): S3Answer {
    const prefix = query.get("prefix") ?? "";
    const delimiter = query.get("delimiter") ?? "";
    const after = query.get("continuation-token") ?? query.get("start-after") ?? "";
    const most = Math.min(Number(query.get("max-keys") ?? 1000), this.#options.pageSize ?? 1000);
    const entries = new Map<string, StoredObject | undefined>();
    for (const [key, object] of [...this.objects].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
      if (!key.startsWith(prefix)) continue;
      const end = delimiter === "" ? -1 : key.indexOf(delimiter, prefix.length);
      const shown = end < 0 ? key : key.slice(0, end + delimiter.length);
      // A token is where the last page ended; whatever begins like a prefix that was shown has been shown with it.
      if (key <= after || (query.has("continuation-token") && shown <= after)) continue;
      entries.set(shown, end < 0 ? object : undefined);
    }
    const page = [...entries].slice(0, most);
    const more = entries.size > page.length;
    const items = page.map(([name, object]) =>
      object === undefined
        ? `<CommonPrefixes><Prefix>${name}</Prefix></CommonPrefixes>`
        : `<Contents><Key>${name}</Key><Size>${object.bytes.length}</Size><LastModified>${new Date(object.modified).toISOString()}</LastModified></Contents>`,
    );
    const next = more ? `<NextContinuationToken>${page.at(-1)?.[0]}</NextContinuationToken>` : "";
    return { status: 200, body: `<ListBucketResult><IsTruncated>${more}</IsTruncated>${next}${items.join("")}</ListBucketResult>` };
  }

  #put(key: string, bytes: Buffer): StoredObject {
    const stored = objectOf(bytes);
    this.objects.set(key, stored);
    return stored;
  }

  #faultOfSignature({ method, headers, body }: S3Request, target: string): string | undefined {
    const match =
      /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/.exec(
        headers.authorization ?? "",
      );
    if (match === null) return "AccessDenied";
    const [, id, date = "", region = "", names = "", signature = ""] = match;
    if (id !== this.accessKeyId) return "InvalidAccessKeyId";
    const digest = String(headers["x-amz-content-sha256"]);
    if (digest !== UNSIGNED && digest !== sha256(body)) return "XAmzContentSHA256Mismatch";
    if (!names.split(";").includes("host") || !String(headers["x-amz-date"]).startsWith(date)) return "SignatureDoesNotMatch";
    const [path = "", query = ""] = target.split("?");
    const pairs = query === "" ? [] : query.split("&").map((pair) => (pair.includes("=") ? pair : `${pair}=`));
    const lines = names.split(";").map((name) => `${name}:${String(headers[name]).trim()}\n`);
    const canonical = [method, path, pairs.toSorted().join("&"), lines.join(""), names, digest].join("\n");
    const scope = `${date}/${region}/s3/aws4_request`;
    const toSign = ["AWS4-HMAC-SHA256", headers["x-amz-date"], scope, sha256(canonical)].join("\n");
    const key = [date, region, "s3", "aws4_request"].reduce<Buffer | string>(hmac, `AWS4${this.secretAccessKey}`);
    const isOurs = timingSafeEqual(Buffer.from(hmac(key, toSign).toString("hex")), Buffer.from(signature));
    return isOurs ? undefined : "SignatureDoesNotMatch";
  }
}

function partOf(bytes: Buffer, range: string | undefined): S3Answer {
  const match = /^bytes=(\d+)-(\d*)$/.exec(range ?? "");
  if (match === null) return { status: 200, body: bytes, headers: {} };
  const start = Number(match[1]);
  const end = match[2] === "" ? bytes.length - 1 : Math.min(Number(match[2]), bytes.length - 1);
  if (start >= bytes.length) return failure(416, "InvalidRange");
  return { status: 206, body: bytes.subarray(start, end + 1), headers: { "Content-Range": `bytes ${start}-${end}/${bytes.length}` } };
}

function objectOf(bytes: Buffer): StoredObject {
  const etag = `"${createHash("md5").update(bytes).digest("hex")}"`;
  return { bytes: Buffer.from(bytes), etag, modified: Math.floor(Date.now() / 1000) * 1000 };
}

function keyOfSource(source: string | string[]): string {
  return decodeURIComponent(String(source)).replace(/^\//, "").split("/").slice(1).join("/");
}

function copied(name: string, { etag, modified }: StoredObject): string {
  return `<${name}><ETag>${etag}</ETag><LastModified>${new Date(modified).toISOString()}</LastModified></${name}>`;
}

function failure(status: number, code: string): S3Answer {
  return { status, headers: { "Content-Type": "application/xml" }, body: `<Error><Code>${code}</Code><Message>no</Message></Error>` };
}

const sha256 = (data: string | Buffer): string => createHash("sha256").update(data).digest("hex");
const hmac = (key: Buffer | string, data: string): Buffer => createHmac("sha256", key).update(data).digest();
