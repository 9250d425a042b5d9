import type { Digest } from "#spec/digest.ts";
import type { Reference } from "#spec/reference.ts";
import type { Registries } from "../registries.ts";
import { chunksOf } from "../transport/body.ts";
import { ACCEPT } from "./fetch-manifest.ts";

/**
 * The bytes of one blob or manifest of a repository, as nobody in particular: for what was here once and was lost. Unverified.
 *
 * @throws EngineError with the registry's words.
 */
export async function* refetch(
  registries: Registries,
  reference: Reference,
  digest: Digest,
  kind: "blob" | "manifest",
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const auth = { credential: { kind: "anonymous" }, serverAddress: undefined } as const;
  const { response, stallMs } = await registries.fromAny(reference, auth, signal, async (session) => {
    const [path, headers] = kind === "manifest" ? [`manifests/${digest}`, { Accept: ACCEPT }] : [`blobs/${digest}`, {}];
    return { response: await session.get(path, headers, signal), stallMs: session.stallMs };
  });
  yield* chunksOf(response, stallMs, signal);
}
