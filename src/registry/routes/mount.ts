import type { Call, RegistryContext } from "../context.ts";
import { type BlobDigest, isBlobDigest } from "../protocol/digest.ts";
import { isRepositoryName } from "../protocol/names.ts";
import { writesOf } from "./parts.ts";

/** Repositories that are looked through for a blob when none is named. */
const MOST_SEARCHED = 256;

/**
 * Mounts the blob that `?mount=` names, from the repository that `from` names or any that the client may pull from. Undefined when that is
 * not possible: then the blob is sent, as if nothing had been asked. A blob of a repository that the client may not read is looked for
 * nowhere, so that neither the answer nor its time tells whether it exists (CVE-2024-39897).
 */
export async function mounted(
  context: RegistryContext,
  { request, target, query, principal }: Call<"uploads">,
): Promise<BlobDigest | undefined> {
  const { repositories } = writesOf(context);
  const { repository } = target;
  const digest = query.get("mount");
  const from = query.get("from");
  if (digest === null || !isBlobDigest(digest)) return undefined;
  if (from !== null) {
    const mayRead = isRepositoryName(from) && context.access.allows(principal, from, "pull");
    return mayRead && (await repositories.mountBlob(repository, digest, from)) ? digest : undefined;
  }
  if ((await repositories.claimBlob(repository, digest)) !== undefined) return digest;
  let searched = 0;
  for await (const other of repositories.names()) {
    if (searched++ >= MOST_SEARCHED || request.signal.aborted) return undefined;
    if (context.access.allows(principal, other, "pull") && (await repositories.mountBlob(repository, digest, other))) return digest;
  }
  return undefined;
}
