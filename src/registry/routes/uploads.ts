import type { HttpRequest, RawReply } from "#http/answer.ts";
import { type Call, headerOf, type Operation, type RegistryContext, reply, repositoryPath } from "../context.ts";
import { algorithmOf, type BlobDigest, type DigestAlgorithm, parseBlobDigest } from "../protocol/digest.ts";
import type { RepositoryName } from "../protocol/names.ts";
import { parseContentRange } from "../protocol/range.ts";
import { RegistryError } from "../protocol/registry-error.ts";
import type { Upload } from "../uploads/uploads.ts";
import { patiently } from "./body.ts";
import { mounted } from "./mount.ts";
import { contentLength, writesOf } from "./parts.ts";

export const beginUpload: Operation<"uploads"> = { action: "push", run: begin };
export const uploadStatus: Operation<"upload"> = { action: "push", run: status };
export const patchUpload: Operation<"upload"> = { action: "push", run: patch };
export const finishUpload: Operation<"upload"> = { action: "push", run: finish };
export const cancelUpload: Operation<"upload"> = { action: "push", run: cancel };

/** POST: a blob from another repository, a whole one at once, or the beginning of one in pieces. */
async function begin(context: RegistryContext, call: Call<"uploads">): Promise<RawReply> {
  const { uploads } = writesOf(context);
  const { repository } = call.target;
  const wanted = call.query.get("digest");
  const digest = wanted === null ? undefined : parseBlobDigest(wanted);
  const mount = await mounted(context, call);
  if (mount !== undefined) return created(repository, mount);
  const upload = await uploads.begin(repository, call.principal, digest === undefined ? algorithmIn(call.query) : algorithmOf(digest));
  if (digest === undefined) return accepted(upload, { "Docker-Upload-UUID": upload.id });
  try {
    return await receiveAll(context, call.request, upload, digest);
  } catch (error) {
    // The client was never told its name.
    await drop(context, upload);
    throw error;
  }
}

async function status(context: RegistryContext, { target, principal }: Call<"upload">): Promise<RawReply> {
  const upload = await writesOf(context).uploads.find(target.id, target.repository, principal.user);
  return { ...accepted(upload), status: 204 };
}

async function patch(context: RegistryContext, { request, target, principal }: Call<"upload">): Promise<RawReply> {
  const { uploads } = writesOf(context);
  const upload = await uploads.find(target.id, target.repository, principal.user);
  return uploads.use(upload, async () => {
    await receive(context, request, upload, false);
    return accepted(upload);
  });
}

/** PUT: the last piece, which may be none, and what all of them together have to be. */
async function finish(context: RegistryContext, { request, target, query, principal }: Call<"upload">): Promise<RawReply> {
  const { uploads } = writesOf(context);
  const upload = await uploads.find(target.id, target.repository, principal.user);
  const wanted = query.get("digest");
  if (wanted === null) throw new RegistryError("DIGEST_INVALID", "the digest is missing");
  return receiveAll(context, request, upload, parseBlobDigest(wanted));
}

async function cancel(context: RegistryContext, { target, principal }: Call<"upload">): Promise<RawReply> {
  const { uploads } = writesOf(context);
  const upload = await uploads.find(target.id, target.repository, principal.user);
  await uploads.use(upload, () => drop(context, upload));
  return reply(204, {});
}

async function receiveAll(context: RegistryContext, request: HttpRequest, upload: Upload, digest: BlobDigest): Promise<RawReply> {
  const { uploads } = writesOf(context);
  return uploads.use(upload, async () => {
    await receive(context, request, upload, true);
    await keep(context, upload, digest);
    return created(upload.repository, digest);
  });
}

/**
 * Appends a request's body. A chunk that does not begin where the upload ends is refused before a byte of it is taken, and the answer says
 * where it ends.
 */
async function receive(context: RegistryContext, request: HttpRequest, upload: Upload, isLast: boolean): Promise<void> {
  const { quotas } = writesOf(context);
  const length = contentLength(request);
  const range = parseContentRange(headerOf(request, "content-range"), length);
  if (range !== undefined && range.start !== upload.data.size) throw outOfOrder(upload);
  await admit(context, upload, length ?? 0);
  const most = range === undefined ? Infinity : upload.data.size + range.end - range.start + 1;
  const admitChunk = async (bytes: number): Promise<void> => {
    if (upload.data.size + bytes > most) throw new RegistryError("SIZE_INVALID", "the body is longer than its Content-Range");
    await admit(context, upload, bytes);
    quotas.coming(upload.repository, bytes);
  };
  await upload.data.append(patiently(request.body, context.limits.stallMs), admitChunk, isLast);
}

async function admit({ limits, writes }: RegistryContext, { repository, data }: Upload, bytes: number): Promise<void> {
  if (data.size + bytes > limits.blobBytes) {
    throw new RegistryError("SIZE_INVALID", `the blob is larger than ${limits.blobBytes} bytes`, { status: 413 });
  }
  await writes?.quotas.check(repository, bytes);
}

/** What turns out to be something else is of no use to anybody: it goes at once. */
async function keep(context: RegistryContext, upload: Upload, digest: BlobDigest): Promise<void> {
  const { uploads, repositories, quotas } = writesOf(context);
  const { repository, data } = upload;
  try {
    if (!(await data.isOf(digest))) {
      throw new RegistryError("DIGEST_INVALID", "the blob's digest is another than the one it is sent for", { detail: { digest } });
    }
    quotas.coming(repository, -uploads.forget(upload));
    await repositories.addBlob(repository, digest, data.as(digest));
  } finally {
    await drop(context, upload);
  }
}

async function drop(context: RegistryContext, upload: Upload): Promise<void> {
  const { uploads, quotas } = writesOf(context);
  quotas.coming(upload.repository, -uploads.forget(upload));
  await uploads.remove(upload);
}

function accepted(upload: Upload, headers: Readonly<Record<string, string>> = {}): RawReply {
  return reply(202, {
    Location: repositoryPath(upload.repository, `blobs/uploads/${upload.id}`),
    Range: rangeOf(upload),
    "Docker-Upload-UUID": upload.id,
    ...headers,
  });
}

function created(repository: RepositoryName, digest: BlobDigest): RawReply {
  return reply(201, { Location: repositoryPath(repository, `blobs/${digest}`), "Docker-Content-Digest": digest });
}

/** Of an upload without a byte there is no way to say so in this header: Docker's registry says `0-0`, and clients know. */
function rangeOf({ data }: Upload): string {
  return `0-${Math.max(0, data.size - 1)}`;
}

function outOfOrder(upload: Upload): RegistryError {
  const { headers } = accepted(upload);
  return new RegistryError("RANGE_INVALID", `the upload goes on at byte ${upload.data.size}`, { headers });
}

function algorithmIn(query: URLSearchParams): DigestAlgorithm {
  const asked = query.get("digest-algorithm") ?? "sha256";
  if (asked === "sha256" || asked === "sha512") return asked;
  throw new RegistryError("DIGEST_INVALID", "the digest algorithm is not one of sha256 and sha512", { detail: asked.slice(0, 100) });
}
