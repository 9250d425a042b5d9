import { createHash } from "node:crypto";
import type { Digest } from "../digest.ts";

/**
 * The chain id of each layer, from the base up: the base's is its diff id, any other's the digest over the chain id below it, a blank
 * and its own diff id (OCI image-spec, config.md, Layer ChainID). It names a layer together with all that it stands on.
 */
export function chainIds(diffIds: readonly Digest[]): Digest[] {
  const chain: Digest[] = [];
  for (const diffId of diffIds) {
    const below = chain.at(-1);
    chain.push(below === undefined ? diffId : digestOf(`${below} ${diffId}`));
  }
  return chain;
}

function digestOf(text: string): Digest {
  return `sha256:${createHash("sha256").update(text).digest("hex")}`;
}
