import type { Logger } from "#lib/logger.ts";
import { type BlobDigest, isBlobDigest } from "../protocol/digest.ts";
import type { RepositoryName } from "../protocol/names.ts";
import * as keys from "../repositories/keys.ts";
import type { Quotas } from "../repositories/quota.ts";
import type { RepositoryStore } from "../repositories/repository-store.ts";
import type { Youth } from "../repositories/youth.ts";
import type { RegistryStorage } from "../storage/contract.ts";
import { Marks, unreachable } from "./mark.ts";

export interface CollectDeps {
  readonly storage: RegistryStorage;
  readonly store: RepositoryStore;
  readonly youth: Youth;
  readonly quotas: Quotas;
  readonly logger: Logger;
}

export interface CollectOptions {
  /** Takes manifests that nothing leads to as well: the old ones of a tag that was moved. */
  readonly untagged: boolean;
  readonly signal: AbortSignal;
}

/** What was taken. */
export interface Collected {
  manifests: number;
  /** Blobs that a repository had and no manifest of it names; other repositories may have them still. */
  links: number;
  blobs: number;
  bytes: number;
}

/**
 * Takes what nothing names, while others push and pull.
 *
 * First in each repository: blobs that none of its manifests names. Then on the storage: blobs that no repository has. Both leave alone what
 * is young (`repositories/youth.ts`), and look once more in the repository's, or the blob's, own turn before they take anything. Each step
 * is one document or one blob less, in an order in which nothing ever leads nowhere: so it can be killed at any instant.
 */
export async function collect(deps: CollectDeps, options: CollectOptions): Promise<Collected> {
  const taken: Collected = { manifests: 0, links: 0, blobs: 0, bytes: 0 };
  await deps.youth.whileCollecting(async () => {
    const linked = new Set<BlobDigest>();
    for await (const name of deps.store.names()) {
      options.signal.throwIfAborted();
      await collectRepository(deps, name, options, taken);
      for await (const digest of linksOf(deps, name)) linked.add(digest);
    }
    await collectBlobs(deps, linked, options.signal, taken);
  });
  deps.quotas.forget();
  return taken;
}

async function collectRepository(deps: CollectDeps, name: RepositoryName, options: CollectOptions, taken: Collected): Promise<void> {
  const marks = new Marks(deps, name);
  try {
    await marks.look();
    if (options.untagged) taken.manifests += await takeUntagged(deps, name, marks);
  } catch (error) {
    deps.logger.warn({ repository: name, err: error }, "a manifest cannot be read: nothing of its repository is collected");
    return;
  }
  const current = options.untagged ? new Marks(deps, name) : marks;
  const candidates: BlobDigest[] = [];
  await current.look();
  for await (const digest of linksOf(deps, name)) if (!current.blobs.has(digest)) candidates.push(digest);
  await deps.store.alone(name, async () => {
    // Whatever was pushed since the first look is seen now; nothing is pushed until this turn ends.
    await current.look();
    for (const digest of candidates) {
      options.signal.throwIfAborted();
      if (!current.blobs.has(digest) && (await takeLink(deps, name, digest))) taken.links++;
    }
    await takeStrayReferrers(deps, name);
  });
}

/** In one turn with the tags: a manifest that gets a tag in between is led to. */
async function takeUntagged({ storage, store, youth }: CollectDeps, name: RepositoryName, marks: Marks): Promise<number> {
  return store.alone(name, async () => {
    await marks.look();
    const tagged: BlobDigest[] = [];
    for await (const tag of store.tags(name)) {
      const digest = (await storage.get(keys.tagKey(name, tag)))?.toString() ?? "";
      if (isBlobDigest(digest)) tagged.push(digest);
    }
    let count = 0;
    for (const digest of unreachable(marks, tagged)) {
      const written = await storage.stat(keys.manifestKey(name, digest));
      if (written !== undefined && youth.isOld(written.writtenAt) && (await store.removeManifest(name, digest))) count++;
    }
    return count;
  });
}

function takeLink({ storage, youth }: CollectDeps, name: RepositoryName, digest: BlobDigest): Promise<boolean> {
  return youth.alone(digest, async () => {
    const link = await storage.stat(keys.blobLink(name, digest));
    if (link === undefined || youth.isClaimed(digest) || !youth.isOld(link.writtenAt)) return false;
    await storage.delete(keys.blobLink(name, digest));
    return true;
  });
}

/** Entries whose manifest was never written, or is gone: what a kill between the two leaves. */
async function takeStrayReferrers({ storage }: CollectDeps, name: RepositoryName): Promise<void> {
  const folder = keys.allReferrers(name);
  for await (const subject of storage.folders(folder)) {
    for await (const file of storage.documents(`${folder}/${subject}`)) {
      const digest = keys.digestOfFile(file);
      const isStray = digest !== undefined && (await storage.stat(keys.manifestKey(name, digest))) === undefined;
      if (isStray) await storage.delete(`${folder}/${subject}/${file}`);
    }
  }
}

async function collectBlobs(deps: CollectDeps, linked: ReadonlySet<BlobDigest>, signal: AbortSignal, taken: Collected): Promise<void> {
  const { storage, youth } = deps;
  for await (const digest of storage.blobs()) {
    signal.throwIfAborted();
    if (linked.has(digest)) continue;
    await youth.alone(digest, async () => {
      const blob = await storage.statBlob(digest);
      if (blob === undefined || !(await youth.isBlobOld(digest))) return;
      await storage.deleteBlob(digest);
      taken.blobs++;
      taken.bytes += blob.size;
    });
  }
  for await (const file of storage.documents(keys.YOUNG)) await forgetMark(deps, file);
}

async function forgetMark({ storage, youth }: CollectDeps, file: string): Promise<void> {
  const digest = keys.digestOfFile(file);
  if (digest === undefined) return;
  await youth.alone(digest, async () => {
    const mark = await storage.stat(keys.youngKey(digest));
    if (mark !== undefined && youth.isOld(mark.writtenAt)) await storage.delete(keys.youngKey(digest));
  });
}

async function* linksOf({ storage }: CollectDeps, name: RepositoryName): AsyncGenerator<BlobDigest> {
  for await (const file of storage.documents(keys.blobLinks(name))) {
    const digest = keys.digestOfFile(file);
    if (digest !== undefined) yield digest;
  }
}
