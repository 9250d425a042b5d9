import { EngineError } from "#errors/engine-error.ts";

/** `sha256:` and 64 lower-case hex digits. The only algorithm that Docker's registries and stores use. */
export type Digest = `sha256:${string}`;

const DIGEST = /^sha256:[0-9a-f]{64}$/;

export function isDigest(text: string): text is Digest {
  return DIGEST.test(text);
}

/** @throws EngineError `invalid`. */
export function parseDigest(text: string): Digest {
  if (!isDigest(text)) throw new EngineError("invalid", `invalid digest ${JSON.stringify(text.slice(0, 100))}`);
  return text;
}

/** The 64 hex digits. */
export function hexOf(digest: Digest): string {
  return digest.slice("sha256:".length);
}
