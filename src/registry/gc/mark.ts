import type { BlobDigest } from "../protocol/digest.ts";
import { readManifest } from "../protocol/manifest.ts";
import type { RepositoryName } from "../protocol/names.ts";
import { digestOfFile, manifests } from "../repositories/keys.ts";
import type { RepositoryStore } from "../repositories/repository-store.ts";
import type { RegistryStorage } from "../storage/contract.ts";

/** What the manifests of one repository name. Grows when it is asked to look again. */
export class Marks {
  readonly blobs = new Set<BlobDigest>();
  /** Each manifest with what an index names and what it is about. */
  readonly manifests = new Map<BlobDigest, { readonly children: readonly BlobDigest[]; readonly subject: BlobDigest | undefined }>();
  readonly #deps: { readonly storage: RegistryStorage; readonly store: RepositoryStore };
  readonly #name: RepositoryName;

  constructor(deps: { readonly storage: RegistryStorage; readonly store: RepositoryStore }, name: RepositoryName) {
    this.#deps = deps;
    this.#name = name;
  }

  /**
   * Looks at every manifest that it has not seen.
   *
   * @throws RegistryError `MANIFEST_INVALID` for one that is damaged: what it names cannot be known, so nothing may be taken.
   */
  async look(): Promise<void> {
    for await (const file of this.#deps.storage.documents(manifests(this.#name))) {
      const digest = digestOfFile(file);
      if (digest !== undefined && !this.manifests.has(digest)) await this.#mark(digest);
    }
  }

  async #mark(digest: BlobDigest): Promise<void> {
    const record = await this.#deps.store.record(this.#name, digest);
    const read = readManifest(record?.bytes ?? Buffer.alloc(0), record?.mediaType);
    for (const blob of read.blobs) this.blobs.add(blob.digest);
    this.manifests.set(digest, { children: read.manifests.map((child) => child.digest), subject: read.subject });
  }
}

/** Manifests that nothing leads to: no tag, no index and no subject that a tag leads to. */
export function unreachable({ manifests: all }: Pick<Marks, "manifests">, tagged: Iterable<BlobDigest>): BlobDigest[] {
  const about = new Map<BlobDigest, BlobDigest[]>();
  for (const [digest, { subject }] of all) {
    if (subject !== undefined) about.set(subject, [...(about.get(subject) ?? []), digest]);
  }
  const reached = new Set<BlobDigest>();
  const waiting = [...tagged];
  for (let digest = waiting.pop(); digest !== undefined; digest = waiting.pop()) {
    if (reached.has(digest)) continue;
    reached.add(digest);
    waiting.push(...(all.get(digest)?.children ?? []), ...(about.get(digest) ?? []));
  }
  return [...all.keys()].filter((digest) => !reached.has(digest));
}
