import { type BlobDigest, parseBlobDigest } from "./digest.ts";
import { type ManifestReference, parseManifestReference, parseRepositoryName, type RepositoryName } from "./names.ts";
import { RegistryError } from "./registry-error.ts";

/** What a path means, whatever the method. */
export type Target =
  | { readonly kind: "base" }
  | { readonly kind: "catalog" }
  | { readonly kind: "token" }
  | { readonly kind: "page"; readonly repository: RepositoryName | undefined }
  | { readonly kind: "style" }
  | { readonly kind: "manifest"; readonly repository: RepositoryName; readonly reference: ManifestReference }
  | { readonly kind: "blob"; readonly repository: RepositoryName; readonly digest: BlobDigest }
  | { readonly kind: "uploads"; readonly repository: RepositoryName }
  | { readonly kind: "upload"; readonly repository: RepositoryName; readonly id: string }
  | { readonly kind: "tags"; readonly repository: RepositoryName }
  | { readonly kind: "referrers"; readonly repository: RepositoryName; readonly digest: BlobDigest };

/** As `Uploads` makes them: 128 random bits. */
const UPLOAD_ID = /^[A-Za-z0-9_-]{22}$/;

const fixed: Readonly<Record<string, Target>> = {
  "/v2": { kind: "base" },
  "/v2/": { kind: "base" },
  "/v2/_catalog": { kind: "catalog" },
  "/token": { kind: "token" },
  "/": { kind: "page", repository: undefined },
  "/style.css": { kind: "style" },
};

/**
 * Reads a path as it was sent, without its query. A repository's name holds slashes, and may hold the protocol's own words
 * (`a/manifests` is a name): so the end of the path decides.
 *
 * @throws RegistryError for names, tags and digests that are none, and `UNSUPPORTED` (404) for other paths.
 */
export function parseTarget(path: string): Target {
  const known = Object.hasOwn(fixed, path) ? fixed[path] : undefined;
  if (known !== undefined) return known;
  const decoded = decode(path);
  if (decoded.startsWith("/repositories/")) {
    return { kind: "page", repository: parseRepositoryName(decoded.slice("/repositories/".length)) };
  }
  if (!decoded.startsWith("/v2/")) throw unknownPath();
  return parseOperation(decoded.slice("/v2/".length).split("/"));
}

function parseOperation(segments: readonly string[]): Target {
  const [noun = "", last = ""] = segments.slice(-2);
  const before = (count: number): RepositoryName => parseRepositoryName(segments.slice(0, -count).join("/"));
  if (segments.at(-3) === "blobs" && noun === "uploads") {
    return last === "" ? { kind: "uploads", repository: before(3) } : { kind: "upload", repository: before(3), id: parseUploadId(last) };
  }
  if (noun === "blobs" && last === "uploads") return { kind: "uploads", repository: before(2) };
  if (noun === "manifests") return { kind: "manifest", repository: before(2), reference: parseManifestReference(last) };
  if (noun === "blobs") return { kind: "blob", repository: before(2), digest: parseBlobDigest(last) };
  if (noun === "tags" && last === "list") return { kind: "tags", repository: before(2) };
  if (noun === "referrers") return { kind: "referrers", repository: before(2), digest: parseBlobDigest(last) };
  throw unknownPath();
}

function parseUploadId(text: string): string {
  if (UPLOAD_ID.test(text)) return text;
  throw new RegistryError("BLOB_UPLOAD_UNKNOWN", "there is no such upload");
}

/** Once, and whole: what is an escape after that is part of a name, and no name has a percent sign. */
function decode(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch (cause) {
    throw new RegistryError("NAME_INVALID", "the path has an escape that is none", { cause });
  }
}

function unknownPath(): RegistryError {
  return new RegistryError("UNSUPPORTED", "there is nothing at this path", { status: 404 });
}
