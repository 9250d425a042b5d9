import type { RawReply } from "#http/answer.ts";
import { type Call, headerOf, type Operation, type RegistryContext, reply, repositoryPath } from "../context.ts";
import { etagOf, isKnownTo } from "../protocol/etag.ts";
import { MANIFEST_LIMIT } from "../protocol/manifest.ts";
import { isTag, type Tag } from "../protocol/names.ts";
import { RegistryError } from "../protocol/registry-error.ts";
import { patiently, readBody } from "./body.ts";
import { contentLength, writesOf } from "./parts.ts";

/** Tags that one request may set by `?tag=`. */
const MOST_TAGS = 64;

export const getManifest: Operation<"manifest"> = { action: "pull", run: get };
export const putManifest: Operation<"manifest"> = { action: "push", run: put };
export const deleteManifest: Operation<"manifest"> = { action: "delete", run: remove };

/** GET and HEAD: the server leaves the body of a HEAD away. */
async function get({ repositories }: RegistryContext, { request, target }: Call<"manifest">): Promise<RawReply> {
  const manifest = await repositories.manifest(target.repository, target.reference, request.signal);
  if (manifest === undefined) throw unknown(target.reference);
  const { digest, mediaType, bytes } = manifest;
  const headers = { "Docker-Content-Digest": digest, ETag: etagOf(digest) };
  if (isKnownTo(headerOf(request, "if-none-match"), digest)) return reply(304, headers);
  return reply(200, { ...headers, "Content-Type": mediaType, "X-Content-Type-Options": "nosniff" }, bytes);
}

async function put(context: RegistryContext, { request, target, query }: Call<"manifest">): Promise<RawReply> {
  const { repositories } = writesOf(context);
  const { repository, reference } = target;
  const tags = reference.kind === "tag" ? [reference.tag] : tagsOf(query);
  const bytes = await readBody(patiently(request.body, context.limits.stallMs), contentLength(request), MANIFEST_LIMIT, tooLarge);
  const { digest, subject } = await repositories.putManifest(repository, {
    bytes,
    mediaType: mediaTypeOf(headerOf(request, "content-type")),
    digest: reference.kind === "digest" ? reference.digest : undefined,
    tags,
  });
  return reply(201, {
    Location: repositoryPath(repository, `manifests/${digest}`),
    "Docker-Content-Digest": digest,
    ...(subject === undefined ? {} : { "OCI-Subject": subject }),
    ...(reference.kind === "tag" || tags.length === 0 ? {} : { "OCI-Tag": tags.join(", ") }),
  });
}

async function remove(context: RegistryContext, { target }: Call<"manifest">): Promise<RawReply> {
  const { repositories } = writesOf(context);
  const { repository, reference } = target;
  const isGone =
    reference.kind === "tag"
      ? await repositories.deleteTag(repository, reference.tag)
      : await repositories.deleteManifest(repository, reference.digest);
  if (!isGone) throw unknown(reference);
  return reply(202, {});
}

function tagsOf(query: URLSearchParams): Tag[] {
  const tags = query.getAll("tag");
  if (tags.length > MOST_TAGS) throw new RegistryError("TAG_INVALID", `more than ${MOST_TAGS} tags at once`);
  return tags.map((tag) => {
    if (!isTag(tag)) throw new RegistryError("TAG_INVALID", "one of the tags is none", { detail: tag.slice(0, 200) });
    return tag;
  });
}

/** Without parameters. Clients that do not know send `application/octet-stream`, or nothing: then the manifest itself has to say. */
function mediaTypeOf(header: string | undefined): string | undefined {
  const mediaType = header?.split(";", 1)[0]?.trim().toLowerCase();
  return mediaType === "" || mediaType === "application/octet-stream" || mediaType === "application/json" ? undefined : mediaType;
}

function unknown(reference: Call<"manifest">["target"]["reference"]): RegistryError {
  const detail = reference.kind === "tag" ? { tag: reference.tag } : { digest: reference.digest };
  return new RegistryError("MANIFEST_UNKNOWN", "the repository has no such manifest", { detail });
}

function tooLarge(): RegistryError {
  return new RegistryError("MANIFEST_INVALID", `the manifest cannot be taken: it is larger than ${MANIFEST_LIMIT} bytes`, { status: 413 });
}
