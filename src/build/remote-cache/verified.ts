import { createHash } from "node:crypto";
import { EngineError } from "#errors/engine-error.ts";
import type { Digest } from "#spec/digest.ts";

/** Passes bytes on. @throws EngineError `invalid` at their end, where they are others. */
export async function* verified(bytes: AsyncIterable<Uint8Array>, digest: Digest): AsyncGenerator<Uint8Array> {
  const hash = createHash("sha256");
  for await (const piece of bytes) {
    hash.update(piece);
    yield piece;
  }
  if (`sha256:${hash.digest("hex")}` !== digest) throw new EngineError("invalid", `it is not what it should be: ${digest}`);
}
