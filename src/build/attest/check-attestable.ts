import { EngineError } from "#errors/engine-error.ts";
import type { BuildInput } from "../build-input.ts";

/** @throws EngineError `invalid` where there will be no image of this engine that something could be said of. */
export function checkAttestable({ attestations, outputs }: Pick<BuildInput, "attestations" | "outputs">): void {
  const isAsked = attestations.sbom || attestations.provenance !== undefined;
  if (isAsked && !outputs.some(({ kind }) => kind === "image"))
    throw new EngineError("invalid", "attestations are attached to an image of this engine: add the output type=image");
}
