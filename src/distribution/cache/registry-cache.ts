import { createReadStream } from "node:fs";
import { EngineError, isEngineError } from "#errors/engine-error.ts";
import type { Digest } from "#spec/digest.ts";
import { MANIFEST_LIMIT } from "#spec/oci-image/manifest.ts";
import { mediaTypes, type Descriptor } from "#spec/oci-image/types.ts";
import { familiarString, type Reference } from "#spec/reference.ts";
import type { RegistryAuth } from "#spec/registry-auth.ts";
import type { Compressor } from "#store/compress/contract.ts";
import type { ContentStore } from "#store/content/contract.ts";
import type { PushSource } from "../ports.ts";
import { ACCEPT } from "../pull/fetch-manifest.ts";
import { downloadBlob } from "../pull/download-blob.ts";
import { smallBlob } from "../push/blob-sources.ts";
import { hasBlob, pushLayer } from "../push/push-layer.ts";
import { PushProgress } from "../push/push-progress.ts";
import { uploadBlob, type BlobToUpload } from "../push/upload-blob.ts";
import type { Registries } from "../registries.ts";
import type { RegistrySession } from "../session/session.ts";
import { discard, readWhole } from "../transport/body.ts";
import { withRetries, type RetryOptions } from "../transport/retry.ts";

export interface RegistryCacheDeps {
  readonly registries: Registries;
  readonly source: Pick<PushSource, "compressedLayers">;
  readonly content: ContentStore;
  readonly compressor: Compressor;
}

type Blob = Pick<Descriptor, "digest" | "size">;

/** A builder's cache in a repository, under a tag of its own: layers as gzip, as every image's. */
export class RegistryCache {
  readonly name: string;
  readonly #deps: RegistryCacheDeps;
  readonly #session: RegistrySession;
  readonly #tag: string;

  private constructor(deps: RegistryCacheDeps, session: RegistrySession, reference: Reference) {
    this.name = familiarString(reference);
    this.#deps = deps;
    this.#session = session;
    this.#tag = reference.digest ?? reference.tag ?? "latest";
  }

  /** To read; to write it, too, where `writes`. @throws EngineError with the registry's words. */
  static async open(
    deps: RegistryCacheDeps,
    reference: Reference,
    auth: RegistryAuth,
    writes: boolean,
    signal: AbortSignal,
  ): Promise<RegistryCache> {
    const made = (session: RegistrySession): RegistryCache => new RegistryCache(deps, session, reference);
    if (writes) return made(await deps.registries.openForPush(reference, auth, [], signal));
    return await deps.registries.fromAny(reference, auth, signal, async (session) => await Promise.resolve(made(session)));
  }

  async readManifest(signal: AbortSignal): Promise<Uint8Array | undefined> {
    try {
      return await withRetries(this.#retry, signal, async () => {
        const answer = await this.#session.get(`manifests/${this.#tag}`, { Accept: ACCEPT }, signal);
        return await readWhole(answer, MANIFEST_LIMIT, this.#session.stallMs, signal);
      });
    } catch (error) {
      if (isEngineError(error, "not-found") || (isEngineError(error) && error.code === "status-404")) return undefined;
      throw error;
    }
  }

  readBlob(blob: Blob, signal: AbortSignal): AsyncIterable<Uint8Array> {
    return downloadBlob(this.#session, blob, this.#retry, signal);
  }

  async putLayer({ diffId, size }: { readonly diffId: Digest; readonly size: number }, signal: AbortSignal): Promise<Descriptor> {
    const { compressedLayers } = this.#deps.source;
    const layer = { kind: "plain", diffId, blob: diffId, size, earlier: compressedLayers.find(diffId) } as const;
    const deps = {
      ...this.#deps,
      session: this.#session,
      retry: this.#retry,
      homesOf: () => [],
      remember: (id: Digest, known: Blob) => compressedLayers.remember(id, known),
    };
    const pushed = await pushLayer(deps, layer, new PushProgress(() => undefined, diffId), signal);
    // As OCI has it, since the manifest is OCI's.
    return { ...pushed, mediaType: mediaTypes.ociLayerGzip };
  }

  async putFile(file: string, known: Blob, signal: AbortSignal): Promise<void> {
    const open = (start: number): AsyncIterable<Uint8Array> => createReadStream(file, { start });
    await this.#put({ known, open, result: async () => await Promise.resolve(known) }, known.digest, signal);
  }

  async putBytes(bytes: Uint8Array, digest: Digest, signal: AbortSignal): Promise<void> {
    await this.#put(smallBlob(digest, bytes), digest, signal);
  }

  async putManifest(bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    if (bytes.length > MANIFEST_LIMIT)
      throw new EngineError("too-large", `the manifest of the cache has ${bytes.length} bytes, more than registries take`);
    const headers = { "Content-Type": mediaTypes.ociManifest, "Content-Length": String(bytes.length) };
    await withRetries(this.#retry, signal, async () => {
      const request = { method: "PUT", to: `manifests/${this.#tag}`, headers, body: () => bytes } as const;
      discard(await this.#session.expect([200, 201, 202, 204], request, signal));
    });
  }

  get #retry(): RetryOptions {
    return this.#deps.registries.retry;
  }

  async #put(blob: BlobToUpload, digest: Digest, signal: AbortSignal): Promise<void> {
    if (await hasBlob({ session: this.#session, retry: this.#retry }, digest, signal)) return;
    await uploadBlob(this.#session, blob, { retry: this.#retry, onProgress: () => undefined }, signal);
  }
}
