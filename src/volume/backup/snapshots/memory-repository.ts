import { createHash } from "node:crypto";
import type { Digest } from "#spec/digest.ts";
import type { BlobRepository } from "../../ports.ts";

/** A registry's repository for tests. */
export class MemoryRepository implements BlobRepository {
  readonly blobs = new Map<Digest, Buffer>();
  /** By tag and by digest. */
  readonly manifests = new Map<string, { readonly digest: Digest; readonly bytes: Buffer; readonly mediaType: string }>();
  /** What was asked for, in its order. */
  readonly calls: string[] = [];
  /** Throws instead of the call of that number, counted from one. */
  failAt = Number.POSITIVE_INFINITY;

  has(digest: Digest): Promise<boolean> {
    return this.#answer("has", () => this.blobs.has(digest));
  }

  put(digest: Digest, bytes: Uint8Array): Promise<void> {
    return this.#answer("put", () => void this.blobs.set(digest, Buffer.from(bytes)));
  }

  get(digest: Digest): Promise<Buffer> {
    return this.#answer("get", () => {
      const bytes = this.blobs.get(digest);
      if (bytes === undefined) throw new Error(`no blob ${digest}`);
      return bytes;
    });
  }

  putManifest(name: string, mediaType: string, bytes: Uint8Array): Promise<void> {
    return this.#answer("putManifest", () => {
      const digest: Digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
      for (const key of [name, digest]) this.manifests.set(key, { digest, mediaType, bytes: Buffer.from(bytes) });
    });
  }

  manifest(name: string, mediaType: string): Promise<{ digest: Digest; bytes: Buffer } | undefined> {
    return this.#answer("manifest", () => {
      const found = this.manifests.get(name);
      return found?.mediaType === mediaType ? found : undefined;
    });
  }

  removeManifest(digest: Digest): Promise<void> {
    return this.#answer("removeManifest", () => {
      for (const [name, { digest: own }] of this.manifests) if (own === digest) this.manifests.delete(name);
    });
  }

  tags(): Promise<readonly string[]> {
    return this.#answer("tags", () => [...this.manifests.keys()].filter((name) => !name.startsWith("sha256:")));
  }

  async #answer<T>(call: string, work: () => T): Promise<T> {
    this.calls.push(call);
    await Promise.resolve();
    if (this.calls.length >= this.failAt) throw new Error("the connection was reset");
    return work();
  }
}
