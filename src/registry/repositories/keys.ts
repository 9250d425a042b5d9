import { type BlobDigest, isBlobDigest } from "../protocol/digest.ts";
import { isRepositoryName, type RepositoryName, type Tag } from "../protocol/names.ts";

/**
 * Where a repository's documents are:
 *
 *     repositories/<name>/blobs/<digest>                 its size: the repository has this blob
 *     repositories/<name>/manifests/<digest>             what it is, and its bytes (`manifest-record.ts`)
 *     repositories/<name>/tags/<tag>                     a digest
 *     repositories/<name>/referrers/<subject>/<digest>   how a list of referrers shows that manifest
 *     young/<digest>                                     nothing: somebody is about to name this blob (gc/)
 *
 * A name's slashes are written `+`, which no name has, so that a repository is one folder and never lies inside another one; a digest's
 * colon is written `=`.
 */
export const REPOSITORIES = "repositories";
export const YOUNG = "young";

export function repositoryFolder(name: RepositoryName): string {
  return `${REPOSITORIES}/${folderName(name)}`;
}

export function folderName(name: string): string {
  return name.replaceAll("/", "+");
}

/** Undefined for a folder that somebody else has put there. */
export function nameOfFolder(folder: string): RepositoryName | undefined {
  const name = folder.replaceAll("+", "/");
  return isRepositoryName(name) ? name : undefined;
}

export const blobLinks = (name: RepositoryName): string => `${repositoryFolder(name)}/blobs`;
export const manifests = (name: RepositoryName): string => `${repositoryFolder(name)}/manifests`;
export const tags = (name: RepositoryName): string => `${repositoryFolder(name)}/tags`;
export const allReferrers = (name: RepositoryName): string => `${repositoryFolder(name)}/referrers`;
export const referrersOf = (name: RepositoryName, subject: BlobDigest): string => `${allReferrers(name)}/${fileName(subject)}`;

export const blobLink = (name: RepositoryName, digest: BlobDigest): string => `${blobLinks(name)}/${fileName(digest)}`;
export const manifestKey = (name: RepositoryName, digest: BlobDigest): string => `${manifests(name)}/${fileName(digest)}`;
export const tagKey = (name: RepositoryName, tag: Tag): string => `${tags(name)}/${tag}`;
export const referrerKey = (name: RepositoryName, subject: BlobDigest, digest: BlobDigest): string =>
  `${referrersOf(name, subject)}/${fileName(digest)}`;
export const youngKey = (digest: BlobDigest): string => `${YOUNG}/${fileName(digest)}`;

function fileName(digest: BlobDigest): string {
  return digest.replace(":", "=");
}

/** Undefined for a file that somebody else has put there. */
export function digestOfFile(name: string): BlobDigest | undefined {
  const digest = name.replace("=", ":");
  return isBlobDigest(digest) ? digest : undefined;
}
