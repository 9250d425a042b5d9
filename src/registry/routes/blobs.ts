import type { RawReply } from "#http/answer.ts";
import { type Call, headerOf, type Operation, type RegistryContext, reply } from "../context.ts";
import { etagOf, isKnownTo, mayTakeRange } from "../protocol/etag.ts";
import { parseRange } from "../protocol/range.ts";
import { RegistryError } from "../protocol/registry-error.ts";
import { writesOf } from "./parts.ts";

export const getBlob: Operation<"blob"> = { action: "pull", run: get };
export const headBlob: Operation<"blob"> = { action: "pull", run: head };
export const deleteBlob: Operation<"blob"> = { action: "delete", run: remove };

async function get(context: RegistryContext, { request, target }: Call<"blob">): Promise<RawReply> {
  const { repository, digest } = target;
  const blob = await context.repositories.blob(repository, digest, request.signal);
  if (blob === undefined) throw unknown(digest);
  const headers = { ...headersOf(digest), "Accept-Ranges": "bytes" };
  if (isKnownTo(headerOf(request, "if-none-match"), digest)) return reply(304, headers);
  const asked = mayTakeRange(headerOf(request, "if-range"), digest) ? headerOf(request, "range") : undefined;
  const range = parseRange(asked, blob.size);
  if (range === undefined) return reply(200, { ...headers, ...typed, "Content-Length": String(blob.size) }, blob.read());
  const { start, end } = range;
  const partial = { "Content-Length": String(end - start + 1), "Content-Range": `bytes ${start}-${end}/${blob.size}` };
  return reply(206, { ...headers, ...typed, ...partial }, blob.read(range));
}

/** Who asks whether a blob is here is about to name it in a manifest, and has to find it there then. */
async function head({ repositories, writes }: RegistryContext, { request, target }: Call<"blob">): Promise<RawReply> {
  const { repository, digest } = target;
  const claimed = await writes?.repositories.claimBlob(repository, digest);
  const size = claimed ?? (await repositories.blob(repository, digest, request.signal))?.size;
  if (size === undefined) throw unknown(digest);
  if (isKnownTo(headerOf(request, "if-none-match"), digest)) return reply(304, headersOf(digest));
  return reply(200, { ...headersOf(digest), ...typed, "Accept-Ranges": "bytes", "Content-Length": String(size) }, undefined);
}

async function remove(context: RegistryContext, { target }: Call<"blob">): Promise<RawReply> {
  const { repository, digest } = target;
  if (!(await writesOf(context).repositories.deleteBlob(repository, digest))) throw unknown(digest);
  return reply(202, { "Docker-Content-Digest": digest });
}

/** A blob can hold a page: no browser is to take it for one of ours. */
const typed = {
  "Content-Type": "application/octet-stream",
  "X-Content-Type-Options": "nosniff",
  "Content-Security-Policy": "sandbox; default-src 'none'",
} as const;

function headersOf(digest: Call<"blob">["target"]["digest"]): Record<string, string> {
  return { "Docker-Content-Digest": digest, ETag: etagOf(digest), "Cache-Control": "private, max-age=31536000, immutable" };
}

function unknown(digest: Call<"blob">["target"]["digest"]): RegistryError {
  return new RegistryError("BLOB_UNKNOWN", "the repository has no such blob", { detail: { digest } });
}
