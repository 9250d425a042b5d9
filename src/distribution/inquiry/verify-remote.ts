import { withDefaultTag, type Reference } from "#spec/reference.ts";
import type { RegistryAuth } from "#spec/registry-auth.ts";
import type { ManifestToCheck, SignatureSource } from "../ports.ts";
import { fetchManifest } from "../pull/fetch-manifest.ts";
import { signatureSource } from "../pull/signature-source.ts";
import type { Registries } from "../registries.ts";

/** What is asked of an image as its registry has it now. */
export type Judge<T> = (reference: Reference, manifest: ManifestToCheck, source: SignatureSource, signal: AbortSignal) => Promise<T>;

/** Resolves a reference and has it judged, without pulling anything. @throws EngineError with the registry's words. */
export async function verifyRemote<T>(
  registries: Registries,
  reference: Reference,
  auth: RegistryAuth,
  judge: Judge<T>,
  signal: AbortSignal,
): Promise<T> {
  const asked = withDefaultTag(reference);
  return registries.fromAny(asked, auth, signal, async (session) => {
    const manifest = await fetchManifest(session, asked.digest ?? asked.tag ?? "latest", undefined, registries.retry, signal);
    return judge(asked, manifest, signatureSource(session, registries.retry), signal);
  });
}
