import { createHash } from "node:crypto";
import { EngineError, isEngineError } from "#errors/engine-error.ts";
import type { Digest } from "#spec/digest.ts";
import { MANIFEST_LIMIT } from "#spec/oci-image/manifest.ts";
import { parseReference } from "#spec/reference.ts";
import type { RegistryAuth } from "#spec/registry-auth.ts";
import { listTags } from "../pull/list-tags.ts";
import { smallBlob } from "../push/blob-sources.ts";
import { hasBlob } from "../push/push-layer.ts";
import { uploadBlob } from "../push/upload-blob.ts";
import { downloadBlob } from "../pull/download-blob.ts";
import type { Registries } from "../registries.ts";
import type { RegistrySession } from "../session/session.ts";
import { discard, readWhole } from "../transport/body.ts";
import { withRetries, type RetryOptions } from "../transport/retry.ts";

/**
 * A repository for what is no image: its blobs and its documents, which whoever put them there understands. What comes is verified by its digest, and
 * after a drop goes on where it was.
 */
export class RegistryRepository {
  readonly #session: RegistrySession;
  readonly #retry: RetryOptions;
  readonly #signal: AbortSignal;

  private constructor(session: RegistrySession, retry: RetryOptions, signal: AbortSignal) {
    this.#session = session;
    this.#retry = retry;
    this.#signal = signal;
  }

  /**
   * @param asked.name `host/name`; a tag or a digest has no meaning.
   * @throws EngineError `invalid`, `unavailable`.
   */
  static async open(
    registries: Registries,
    { name, auth }: { readonly name: string; readonly auth: RegistryAuth },
    access: "read" | "write",
    signal: AbortSignal,
  ): Promise<RegistryRepository> {
    const reference = parseReference(name);
    if (reference.tag !== undefined || reference.digest !== undefined) {
      throw new EngineError("invalid", `${name.slice(0, 300)} names an image: a repository has no tag and no digest`);
    }
    const session = await (access === "read"
      ? registries.openForRead(reference, auth, signal)
      : registries.openForPush(reference, auth, [], signal));
    return new RegistryRepository(session, registries.retry, signal);
  }

  has(digest: Digest): Promise<boolean> {
    return hasBlob({ session: this.#session, retry: this.#retry }, digest, this.#signal);
  }

  async put(digest: Digest, bytes: Uint8Array): Promise<void> {
    await uploadBlob(this.#session, smallBlob(digest, bytes), { retry: this.#retry, onProgress: () => undefined }, this.#signal);
  }

  /** @throws EngineError `invalid` for more or fewer bytes. */
  async get(digest: Digest, size: number): Promise<Buffer> {
    const pieces: Buffer[] = [];
    for await (const piece of downloadBlob(this.#session, { digest, size }, this.#retry, this.#signal)) pieces.push(Buffer.from(piece));
    return Buffer.concat(pieces);
  }

  async putManifest(name: string, mediaType: string, bytes: Uint8Array): Promise<void> {
    const headers = { "Content-Type": mediaType, "Content-Length": String(bytes.length) };
    await withRetries(this.#retry, this.#signal, async () => {
      const request = { method: "PUT", to: `manifests/${name}`, headers, body: () => bytes } as const;
      discard(await this.#session.expect([200, 201, 202], request, this.#signal));
    });
  }

  /** Its digest is that of its bytes, whatever the registry says. Undefined when there is none. */
  async manifest(name: string, mediaType: string): Promise<{ digest: Digest; bytes: Buffer } | undefined> {
    return await orMissing(
      withRetries(this.#retry, this.#signal, async () => {
        const response = await this.#session.get(`manifests/${name}`, { Accept: mediaType }, this.#signal);
        const bytes = await readWhole(response, MANIFEST_LIMIT, this.#session.stallMs, this.#signal);
        return { digest: verified(bytes, name), bytes };
      }),
    );
  }

  /** @throws EngineError with the registry's words; many let nothing be removed. */
  async removeManifest(digest: Digest): Promise<void> {
    discard(await this.#session.expect([200, 202, 204], { method: "DELETE", to: `manifests/${digest}` }, this.#signal));
  }

  async tags(): Promise<readonly string[]> {
    return (await orMissing(listTags(this.#session, this.#signal))) ?? [];
  }
}

function verified(bytes: Buffer, name: string): Digest {
  const digest: Digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
  if (name.startsWith("sha256:") && name !== digest) throw new EngineError("invalid", `manifest verification failed for digest ${name}`);
  return digest;
}

async function orMissing<T>(asking: Promise<T>): Promise<T | undefined> {
  try {
    return await asking;
  } catch (error) {
    if (isEngineError(error, "not-found") || (isEngineError(error) && error.code === "status-404")) return undefined;
    throw error;
  }
}
