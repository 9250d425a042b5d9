import { algorithmOf, type BlobDigest, digestOf } from "../protocol/digest.ts";
import { MOST_LEVELS, type NamedContent, readManifest, type ReadManifest } from "../protocol/manifest.ts";
import type { RepositoryName } from "../protocol/names.ts";
import { RegistryError } from "../protocol/registry-error.ts";
import type { RegistryStorage } from "../storage/contract.ts";
import type { ManifestToPut, PutManifest, Referrer } from "./contract.ts";
import * as keys from "./keys.ts";
import { type ManifestRecord, packManifest } from "./manifest-record.ts";

interface Deps {
  readonly storage: RegistryStorage;
  readonly store: {
    claimBlob(name: RepositoryName, digest: BlobDigest): Promise<number | undefined>;
    record(name: RepositoryName, digest: BlobDigest): Promise<ManifestRecord | undefined>;
  };
}

/**
 * Takes a manifest in, when everything that it names is in the repository. The caller has the repository to himself.
 *
 * The order is what a kill may cut anywhere: the entry for its subject (which a list leaves out as long as the manifest is not there), the
 * manifest, the tags.
 */
export async function putManifest(deps: Deps, name: RepositoryName, manifest: ManifestToPut): Promise<PutManifest> {
  const { bytes } = manifest;
  const read = readManifest(bytes, manifest.mediaType);
  const digest = digestOf(bytes, manifest.digest === undefined ? "sha256" : algorithmOf(manifest.digest));
  if (manifest.digest !== undefined && manifest.digest !== digest) {
    throw new RegistryError("DIGEST_INVALID", "the manifest's digest is another than the one it is sent for", {
      detail: { sent: manifest.digest, found: digest },
    });
  }
  if (manifest.isCopy !== true) await checkBlobs(deps, name, read.blobs);
  const level = manifest.isCopy === true ? 0 : await levelOf(deps, name, read.manifests);
  if (read.subject !== undefined) {
    const entry = Buffer.from(JSON.stringify(referrerOf(read, digest, bytes.length)));
    await deps.storage.put(keys.referrerKey(name, read.subject, digest), entry);
  }
  const head = { mediaType: read.mediaType, level, subject: read.subject };
  await deps.storage.put(keys.manifestKey(name, digest), packManifest(head, bytes));
  for (const tag of manifest.tags) await deps.storage.put(keys.tagKey(name, tag), Buffer.from(digest));
  return { digest, subject: read.subject };
}

async function checkBlobs({ store }: Deps, name: RepositoryName, blobs: readonly NamedContent[]): Promise<void> {
  const missing: BlobDigest[] = [];
  for (const { digest, size } of blobs) {
    const found = await store.claimBlob(name, digest);
    if (found === undefined) missing.push(digest);
    else if (found !== size) {
      throw new RegistryError("MANIFEST_INVALID", "the manifest cannot be taken: a blob has another size than it says", {
        detail: { digest, size, found },
      });
    }
  }
  if (missing.length > 0) throw unknown(missing);
}

async function levelOf({ store }: Deps, name: RepositoryName, manifests: readonly NamedContent[]): Promise<number> {
  const records = new Map<BlobDigest, ManifestRecord | undefined>();
  for (const { digest } of manifests) if (!records.has(digest)) records.set(digest, await store.record(name, digest));
  const missing = [...records].filter(([, record]) => record === undefined).map(([digest]) => digest);
  if (missing.length > 0) throw unknown(missing);
  const level = [...records.values()].reduce((most, record) => Math.max(most, (record?.level ?? 0) + 1), 0);
  if (level > MOST_LEVELS) {
    throw new RegistryError("MANIFEST_INVALID", `the manifest cannot be taken: more than ${MOST_LEVELS} indexes are inside each other`);
  }
  return level;
}

function unknown(digests: readonly BlobDigest[]): RegistryError {
  return new RegistryError("MANIFEST_BLOB_UNKNOWN", `the manifest names what the repository does not have: ${digests[0]}`, {
    detail: { digests: digests.slice(0, 100) },
  });
}

function referrerOf({ mediaType, artifactType, annotations }: ReadManifest, digest: BlobDigest, size: number): Referrer {
  return {
    mediaType,
    digest,
    size,
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(annotations === undefined ? {} : { annotations }),
  };
}
