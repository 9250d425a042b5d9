import { readFileSync } from "node:fs";
import { EngineError, isEngineError, messageOf } from "#errors/engine-error.ts";
import { listTags } from "#distribution/pull/list-tags.ts";
import { downloadBlob } from "#distribution/pull/download-blob.ts";
import { Registries } from "#distribution/registries.ts";
import type { RegistrySession } from "#distribution/session/session.ts";
import { discard, readWhole } from "#distribution/transport/body.ts";
import type { Logger } from "#lib/logger.ts";
import type { Upstream, UpstreamBlob, UpstreamManifest } from "#registry/cache/upstream.ts";
import { type BlobDigest, isBlobDigest } from "#registry/protocol/digest.ts";
import { MANIFEST_LIMIT } from "#registry/protocol/manifest.ts";
import { isRepositoryName, type RepositoryName } from "#registry/protocol/names.ts";
import { isDigest } from "#spec/digest.ts";
import { dhowVersion } from "#spec/identity.ts";
import { mediaTypes } from "#spec/oci-image/types.ts";
import { parseReference } from "#spec/reference.ts";
import { parseAuthConfig, type RegistryAuth } from "#spec/registry-auth.ts";

/** Where the engine looks for certificates of registries, too. */
const CERTIFICATES = ["/etc/docker/certs.d"];
const ACCEPT = [mediaTypes.ociIndex, mediaTypes.dockerList, mediaTypes.ociManifest, mediaTypes.dockerManifest].join(", ");

/** Registries of the world, by the engine's own client. */
export function newRegistries(logger: Logger): Registries {
  return new Registries(
    { logger },
    { registries: { mirrors: [], insecureRegistries: [] }, certificateFolders: CERTIFICATES, userAgent: `dhow-registry/${dhowVersion}` },
  );
}

/** One of them, `docker.io` or `host:port`, as a cache wants it. */
export function upstreamOf(registries: Registries, host: string, auth: RegistryAuth): Upstream {
  const within = async <T>(repository: RepositoryName, signal: AbortSignal, work: (session: RegistrySession) => Promise<T>) => {
    try {
      return await registries.fromAny(parseReference(`${host}/${repository}`), auth, signal, work);
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  };
  return {
    resolve: (repository, tag, signal) => within(repository, signal, (session) => resolve(session, tag, signal)),
    manifest: (repository, digest, signal) => within(repository, signal, (session) => fetchManifest(session, digest, signal)),
    blob: (repository, digest, signal) => within(repository, signal, (session) => openBlob(session, digest, registries, signal)),
    tags: (repository, signal) => within(repository, signal, (session) => listTags(session, signal)),
  };
}

/** By HEAD where the registry says the digest then: Docker Hub does not count it as a pull. */
async function resolve(session: RegistrySession, tag: string, signal: AbortSignal): Promise<BlobDigest | undefined> {
  const response = await session.ask({ method: "HEAD", to: `manifests/${tag}`, headers: { Accept: ACCEPT } }, signal);
  discard(response);
  if (response.status === 404) return undefined;
  const digest = String(response.headers["docker-content-digest"] ?? "");
  if (response.status === 200 && isBlobDigest(digest)) return digest;
  throw new EngineError("unavailable", `upstream answers ${response.status} for the tag ${tag}, and no digest`);
}

async function fetchManifest(session: RegistrySession, digest: BlobDigest, signal: AbortSignal): Promise<UpstreamManifest> {
  const response = await session.get(`manifests/${digest}`, { Accept: ACCEPT }, signal);
  const bytes = await readWhole(response, MANIFEST_LIMIT, session.stallMs, signal);
  return { bytes, mediaType: response.headers["content-type"]?.split(";", 1)[0]?.trim().toLowerCase() };
}

async function openBlob(session: RegistrySession, digest: BlobDigest, registries: Registries, signal: AbortSignal): Promise<UpstreamBlob> {
  if (!isDigest(digest)) throw new EngineError("not-found", "blobs by sha512 are not fetched from upstream");
  const response = await session.expect([200], { method: "HEAD", to: `blobs/${digest}` }, signal);
  discard(response);
  const size = Number(response.headers["content-length"]);
  if (!Number.isSafeInteger(size)) throw new EngineError("unavailable", "upstream does not say how large the blob is");
  return { size, body: downloadBlob(session, { digest, size }, registries.retry, signal) };
}

function isMissing(error: unknown): boolean {
  return isEngineError(error, "not-found") || (error instanceof EngineError && error.code === "status-404");
}

interface Proxied {
  /** What the names of its repositories begin with here. */
  readonly prefix: string;
  readonly host: string;
}

/** `docker.io`, or `NAME=HOST` where the host cannot be part of a name. */
export function parseProxy(text: string): Proxied {
  const [, name, host = ""] = /^(?:([^=]*)=)?(.+)$/.exec(text) ?? [];
  const prefix = name ?? host;
  if (!isRepositoryName(prefix)) {
    throw new EngineError("invalid", `--proxy ${JSON.stringify(text)}: repositories cannot be called after this; want NAME=HOST`);
  }
  parseReference(`${host}/x`);
  return { prefix, host };
}

/** What `docker login` has written for a host, in a file like its config.json. */
export function credentialsFor(host: string, file: string | undefined): RegistryAuth {
  if (file === undefined) return parseAuthConfig({});
  try {
    const { auths = {} } = JSON.parse(readFileSync(file, "utf8")) as { auths?: Record<string, { auth?: string }> };
    const entry = auths[host] ?? (host === "docker.io" ? auths["https://index.docker.io/v1/"] : undefined);
    return parseAuthConfig(entry === undefined ? {} : { ...entry, serveraddress: host });
  } catch (cause) {
    throw new EngineError("invalid", `cannot read --proxy-credentials: ${messageOf(cause)}`, { cause });
  }
}
