import { EngineError } from "#errors/engine-error.ts";
import { parseJsonText } from "#lib/json/text.ts";
import type { Descriptor, OciPlatform } from "#spec/oci-image/types.ts";
import { withDefaultTag, type Reference } from "#spec/reference.ts";
import type { RegistryAuth } from "#spec/registry-auth.ts";
import { fetchManifest } from "../pull/fetch-manifest.ts";
import type { Registries } from "../registries.ts";
import type { RegistrySession } from "../session/session.ts";
import { readWhole } from "../transport/body.ts";
import { withRetries, type RetryOptions } from "../transport/retry.ts";

/** What a registry has under a name, without any of it being fetched. */
export interface RemoteImage {
  readonly descriptor: Pick<Descriptor, "mediaType" | "digest" | "size">;
  readonly platforms: readonly OciPlatform[];
}

const CONFIG_LIMIT = 4 * 1024 * 1024;

/** @throws EngineError with the registry's words: `not-found`, `unauthorized`, `unavailable`, … */
export async function inspectRemote(
  registries: Registries,
  reference: Reference,
  auth: RegistryAuth,
  signal: AbortSignal,
): Promise<RemoteImage> {
  const { tag, digest } = withDefaultTag(reference);
  return registries.fromAny(reference, auth, signal, async (session) => {
    const found = await fetchManifest(session, digest ?? tag ?? "latest", undefined, registries.retry, signal);
    const { parsed } = found;
    const descriptor = { mediaType: parsed.mediaType, digest: found.digest, size: found.bytes.length };
    if (parsed.kind === "index") {
      return { descriptor, platforms: parsed.index.manifests.flatMap(({ platform }) => (platform === undefined ? [] : [platform])) };
    }
    return { descriptor, platforms: [await platformOf(session, parsed.manifest.config, registries.retry, signal)] };
  });
}

async function platformOf(session: RegistrySession, config: Descriptor, retry: RetryOptions, signal: AbortSignal): Promise<OciPlatform> {
  const bytes = await withRetries(retry, signal, async () => {
    const response = await session.get(`blobs/${config.digest}`, {}, signal);
    return readWhole(response, Math.min(config.size, CONFIG_LIMIT), session.stallMs, signal);
  });
  const { os, architecture, variant } = fieldsOf(bytes);
  const platform = { os: typeof os === "string" ? os : "linux", architecture: typeof architecture === "string" ? architecture : "" };
  return typeof variant === "string" && variant !== "" ? { ...platform, variant } : platform;
}

function fieldsOf(bytes: Buffer): Readonly<Record<string, unknown>> {
  try {
    const value = parseJsonText(bytes.toString("utf8"));
    if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  } catch (cause) {
    throw new EngineError("invalid", "invalid image configuration: not JSON", { cause });
  }
  throw new EngineError("invalid", "invalid image configuration: not an object");
}
