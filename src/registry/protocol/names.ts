import { type BlobDigest, isBlobDigest, parseBlobDigest } from "./digest.ts";
import { RegistryError } from "./registry-error.ts";

/** `team/app`: checked, so that it may become part of a key of the storage. */
export type RepositoryName = string & { readonly __repository: unique symbol };
/** `v1.2`: checked, as above. */
export type Tag = string & { readonly __tag: unique symbol };
export type ManifestReference = { readonly kind: "tag"; readonly tag: Tag } | { readonly kind: "digest"; readonly digest: BlobDigest };

const COMPONENT = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*";
const NAME = new RegExp(`^${COMPONENT}(?:/${COMPONENT})*$`);
/** Docker's own limit; the specification leaves room for a host before it. */
const LONGEST_NAME = 255;
const TAG = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;

export function isRepositoryName(text: string): text is RepositoryName {
  return text.length <= LONGEST_NAME && NAME.test(text);
}

/** @throws RegistryError `NAME_INVALID`. */
export function parseRepositoryName(text: string): RepositoryName {
  if (isRepositoryName(text)) return text;
  throw new RegistryError("NAME_INVALID", "the repository's name is not of lower-case letters, digits and single separators", {
    detail: text.slice(0, LONGEST_NAME),
  });
}

export function isTag(text: string): text is Tag {
  return TAG.test(text);
}

/** @throws RegistryError `DIGEST_INVALID` for what has a colon, `TAG_INVALID` for the rest. */
export function parseManifestReference(text: string): ManifestReference {
  if (isBlobDigest(text) || text.includes(":")) return { kind: "digest", digest: parseBlobDigest(text) };
  if (isTag(text)) return { kind: "tag", tag: text };
  throw new RegistryError("TAG_INVALID", "the tag is not of letters, digits, '_', '.' and '-', 128 at most", {
    detail: text.slice(0, 200),
  });
}
