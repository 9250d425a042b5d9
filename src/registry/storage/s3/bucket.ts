import type * as Sdk from "@aws-sdk/client-s3";
import { EngineError } from "#errors/engine-error.ts";
import type { Logger } from "#lib/logger.ts";
import type { ByteRange } from "../../protocol/range.ts";
import { RegistryError } from "../../protocol/registry-error.ts";
import type { Written } from "../contract.ts";
import type { S3Options } from "./options.ts";

/** Of a copy that S3 makes in one request; more is copied piece by piece (CopyObject, 5 GiB). */
const COPIED_AT_ONCE = 1024 ** 3;
const COPIES_AT_A_TIME = 4;
/** A read that breaks off goes on where it was, so often without a byte in between. */
const MOST_RESUMES = 3;
const CONNECT_MS = 5000;
const STALL_MS = 60_000;
const ATTEMPTS = 5;

export interface Part {
  readonly number: number;
  readonly etag: string;
  readonly size: number;
}

/** Objects of one bucket below one prefix, by the official client, which is loaded here and only when there is a bucket. */
export class Bucket {
  readonly #sdk: typeof Sdk;
  readonly #client: Sdk.S3Client;
  readonly #bucket: string;
  readonly #prefix: string;
  readonly #copiedAtOnce: number;
  readonly #logger: Logger;

  private constructor(sdk: typeof Sdk, client: Sdk.S3Client, logger: Logger, options: S3Options) {
    this.#logger = logger;
    this.#sdk = sdk;
    this.#client = client;
    this.#bucket = options.bucket;
    this.#prefix = options.prefix;
    this.#copiedAtOnce = options.copiedAtOnce ?? COPIED_AT_ONCE;
  }

  /** @throws EngineError `unavailable` that says what is the matter when the bucket is not there, or not for us. */
  static async open({ logger }: { readonly logger: Logger }, options: S3Options): Promise<Bucket> {
    const sdk = await import("@aws-sdk/client-s3");
    const client = new sdk.S3Client({
      ...(options.region === undefined ? {} : { region: options.region }),
      ...(options.endpoint === undefined ? {} : { endpoint: options.endpoint.href }),
      forcePathStyle: options.pathStyle,
      maxAttempts: ATTEMPTS,
      // The signature has the digest of what is sent; stores that are older than AWS's new checksums refuse these.
      requestChecksumCalculation: "WHEN_REQUIRED",
      responseChecksumValidation: "WHEN_REQUIRED",
      requestHandler: { connectionTimeout: CONNECT_MS, requestTimeout: STALL_MS, socketTimeout: STALL_MS },
    });
    try {
      await client.send(new sdk.HeadBucketCommand({ Bucket: options.bucket }));
    } catch (error) {
      client.destroy();
      throw notOpened(options.bucket, factsOf(error));
    }
    return new Bucket(sdk, client, logger, options);
  }

  async get(key: string): Promise<Buffer | undefined> {
    const found = await this.#found("reading", () => this.#client.send(new this.#sdk.GetObjectCommand(this.#at(key))));
    const bytes = await this.#call("reading", async () => found?.Body?.transformToByteArray());
    return bytes === undefined ? undefined : Buffer.from(bytes);
  }

  async head(key: string): Promise<Written | undefined> {
    const found = await this.#found("looking", () => this.#client.send(new this.#sdk.HeadObjectCommand(this.#at(key))));
    return found === undefined ? undefined : { size: found.ContentLength ?? 0, writtenAt: found.LastModified?.getTime() ?? 0 };
  }

  async put(key: string, bytes: Uint8Array): Promise<void> {
    const command = new this.#sdk.PutObjectCommand({ ...this.#at(key), Body: bytes, ContentLength: bytes.length });
    await this.#call("writing", () => this.#client.send(command));
  }

  /** Missing is no error. */
  async delete(key: string): Promise<void> {
    await this.#found("deleting", () => this.#client.send(new this.#sdk.DeleteObjectCommand(this.#at(key))));
  }

  /** All of an object, or a part; undefined when it is not there. A connection that breaks is opened again where it broke. */
  async *read(key: string, range?: ByteRange): AsyncGenerator<Uint8Array, boolean> {
    let start = range?.start ?? 0;
    for (let tries = 0; ; tries++) {
      const asked = range === undefined && start === 0 ? {} : { Range: `bytes=${start}-${range?.end ?? ""}` };
      const command = new this.#sdk.GetObjectCommand({ ...this.#at(key), ...asked });
      const found = await this.#found("reading", () => this.#client.send(command));
      if (found?.Body === undefined) return false;
      const whole = start + (found.ContentLength ?? 0);
      try {
        for await (const chunk of found.Body as AsyncIterable<Uint8Array>) {
          start += chunk.length;
          tries = 0;
          yield chunk;
        }
      } catch (error) {
        if (tries >= MOST_RESUMES) throw this.#unavailable("reading", error);
      }
      if (start >= whole) return true;
      if (tries >= MOST_RESUMES) throw this.#unavailable("reading", new Error("the object ends before its end"));
    }
  }

  /** Names right below a folder, in the order of the whole keys: `a-b/` before `a/`. */
  async *entries(folder: string, after: string): AsyncGenerator<{ readonly kind: "object" | "folder"; readonly name: string }> {
    const prefix = `${this.#prefix}${folder}/`;
    for await (const page of this.#pages({
      Prefix: prefix,
      Delimiter: "/",
      ...(after === "" ? {} : { StartAfter: `${prefix}${after}` }),
    })) {
      const objects = (page.Contents ?? []).map(({ Key = "" }) => ({ kind: "object" as const, key: Key }));
      const folders = (page.CommonPrefixes ?? []).map(({ Prefix = "" }) => ({ kind: "folder" as const, key: Prefix }));
      for (const { kind, key } of [...objects, ...folders].toSorted((a, b) => (a.key < b.key ? -1 : 1))) {
        yield { kind, name: key.slice(prefix.length).replace(/\/$/, "") };
      }
    }
  }

  /** Every key below a folder, with when it was written. */
  async *keys(folder: string): AsyncGenerator<{ readonly key: string; readonly writtenAt: number }> {
    for await (const page of this.#pages({ Prefix: `${this.#prefix}${folder}/` })) {
      for (const { Key = "", LastModified } of page.Contents ?? []) {
        yield { key: Key.slice(this.#prefix.length), writtenAt: LastModified?.getTime() ?? 0 };
      }
    }
  }

  /** Without the bytes passing here. */
  async copy(from: string, to: string, size: number): Promise<void> {
    const source = encodeURI(`${this.#bucket}/${this.#prefix}${from}`);
    if (size <= this.#copiedAtOnce) {
      await this.#call("copying", () => this.#client.send(new this.#sdk.CopyObjectCommand({ ...this.#at(to), CopySource: source })));
      return;
    }
    const id = await this.beginParts(to);
    try {
      await this.endParts(to, id, await this.#copyParts(source, to, id, size));
    } catch (error) {
      await this.dropParts(to, id).catch(() => undefined);
      throw error;
    }
  }

  async beginParts(key: string): Promise<string> {
    const command = new this.#sdk.CreateMultipartUploadCommand(this.#at(key));
    const { UploadId } = await this.#call("beginning parts", () => this.#client.send(command));
    if (UploadId === undefined) throw this.#unavailable("beginning parts", new Error("no id was given"));
    return UploadId;
  }

  async putPart(key: string, id: string, number: number, bytes: Uint8Array): Promise<Part> {
    const command = new this.#sdk.UploadPartCommand({
      ...this.#at(key),
      UploadId: id,
      PartNumber: number,
      Body: bytes,
      ContentLength: bytes.length,
    });
    const { ETag = "" } = await this.#call("writing a part", () => this.#client.send(command));
    return { number, etag: ETag, size: bytes.length };
  }

  /** The tags of the parts make it these very parts, whoever else has written under the same id. */
  async endParts(key: string, id: string, parts: readonly Part[]): Promise<void> {
    const named = parts.map(({ number, etag }) => ({ PartNumber: number, ETag: etag }));
    const command = new this.#sdk.CompleteMultipartUploadCommand({ ...this.#at(key), UploadId: id, MultipartUpload: { Parts: named } });
    await this.#call("joining parts", () => this.#client.send(command));
  }

  /** Missing is no error. */
  async dropParts(key: string, id: string): Promise<void> {
    const command = new this.#sdk.AbortMultipartUploadCommand({ ...this.#at(key), UploadId: id });
    await this.#found("dropping parts", () => this.#client.send(command));
  }

  close(): void {
    this.#client.destroy();
  }

  async #copyParts(source: string, to: string, id: string, size: number): Promise<Part[]> {
    const starts = Array.from({ length: Math.ceil(size / this.#copiedAtOnce) }, (_, index) => index * this.#copiedAtOnce);
    const parts: Part[] = [];
    const copyRest = async (): Promise<void> => {
      for (let start = starts.shift(); start !== undefined; start = starts.shift()) {
        const end = Math.min(start + this.#copiedAtOnce, size) - 1;
        const number = start / this.#copiedAtOnce + 1;
        const range = { CopySource: source, CopySourceRange: `bytes=${start}-${end}` };
        const command = new this.#sdk.UploadPartCopyCommand({ ...this.#at(to), UploadId: id, PartNumber: number, ...range });
        const { CopyPartResult } = await this.#call("copying", () => this.#client.send(command));
        parts.push({ number, etag: CopyPartResult?.ETag ?? "", size: end - start + 1 });
      }
    };
    await Promise.all(Array.from({ length: COPIES_AT_A_TIME }, copyRest));
    return parts.toSorted((a, b) => a.number - b.number);
  }

  async *#pages(input: Omit<Sdk.ListObjectsV2CommandInput, "Bucket">): AsyncGenerator<Sdk.ListObjectsV2CommandOutput> {
    let token: string | undefined;
    do {
      const command = new this.#sdk.ListObjectsV2Command({
        Bucket: this.#bucket,
        ...input,
        ...(token === undefined ? {} : { ContinuationToken: token }),
      });
      const page = await this.#call("listing", () => this.#client.send(command));
      yield page;
      token = page.IsTruncated === true ? page.NextContinuationToken : undefined;
    } while (token !== undefined);
  }

  #at(key: string): { Bucket: string; Key: string } {
    return { Bucket: this.#bucket, Key: `${this.#prefix}${key}` };
  }

  async #found<T>(what: string, work: () => Promise<T>): Promise<T | undefined> {
    return this.#call(what, async () => {
      try {
        return await work();
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
    });
  }

  async #call<T>(what: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw this.#unavailable(what, error);
    }
  }

  /** The store's own word for it and no more, here and in the log: its messages repeat what was signed. */
  #unavailable(what: string, cause: unknown): RegistryError {
    const { name, status, requestId } = factsOf(cause);
    this.#logger.error({ what, error: name, status, requestId }, "the object store fails");
    return new RegistryError("UNAVAILABLE", `the object store fails: ${name} (${what})`);
  }
}

const MISSING: ReadonlySet<string> = new Set(["NoSuchKey", "NotFound", "NoSuchUpload"]);

function isMissing(error: unknown): boolean {
  return error instanceof Error && MISSING.has(error.name);
}

function notOpened(bucket: string, { name, status }: ReturnType<typeof factsOf>): EngineError {
  const why = (): string => {
    if (name === "CredentialsProviderError")
      return "no credentials were found: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE";
    if (name === "Region is missing") return "no region was found: say --s3-region, or set AWS_REGION";
    if (status === 404) return "there is none of that name";
    if (status === 403) return "these credentials may not use it, or are wrong";
    return name;
  };
  return new EngineError("unavailable", `the bucket ${bucket} cannot be used: ${why()}`);
}

function factsOf(error: unknown): { name: string; status: number | undefined; requestId: string | undefined } {
  const { name = "no answer", $metadata: { httpStatusCode, requestId } = {} } = error as Partial<Sdk.S3ServiceException>;
  const code = error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
  const isRegion = error instanceof Error && error.message === "Region is missing";
  return { name: isRegion ? error.message : name === "Error" ? (code ?? "no answer") : name, status: httpStatusCode, requestId };
}
