import { createHash, type Hash } from "node:crypto";
import { RegistryError } from "./registry-error.ts";

/**
 * What content is called by. The engine's own `Digest` is sha256 alone, as in Docker; a registry is asked for both algorithms that the
 * image specification registers.
 */
export type BlobDigest = `${DigestAlgorithm}:${string}`;
export type DigestAlgorithm = "sha256" | "sha512";

const DIGEST = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;

export function isBlobDigest(text: string): text is BlobDigest {
  return DIGEST.test(text);
}

/** @throws RegistryError `DIGEST_INVALID`. */
export function parseBlobDigest(text: string): BlobDigest {
  if (isBlobDigest(text)) return text;
  throw new RegistryError("DIGEST_INVALID", "the digest is not one of sha256 or sha512 in lower-case hex", { detail: text.slice(0, 200) });
}

export function algorithmOf(digest: BlobDigest): DigestAlgorithm {
  return digest.startsWith("sha512:") ? "sha512" : "sha256";
}

export function hexOf(digest: BlobDigest): string {
  return digest.slice("sha256:".length);
}

export function digestOf(bytes: Uint8Array, algorithm: DigestAlgorithm = "sha256"): BlobDigest {
  return finish(algorithm, createHash(algorithm).update(bytes));
}

/** Of a hash that may be fed further: its copy is finished. */
export function digestSoFar(algorithm: DigestAlgorithm, hash: Hash): BlobDigest {
  return finish(algorithm, hash.copy());
}

function finish(algorithm: DigestAlgorithm, hash: Hash): BlobDigest {
  return `${algorithm}:${hash.digest("hex")}`;
}
