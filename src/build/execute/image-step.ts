import { EngineError } from "#errors/engine-error.ts";
import type { ImageOperation } from "../plan/plan.ts";
import type { Execution } from "./execution-context.ts";
import type { LayerTree } from "./step-result.ts";

/** FROM, or a source: an image that is here by now. Its layers stay for as long as the build goes on, whoever removes it meanwhile. */
export async function openImage({ images, assembly }: Execution, { id, reference }: ImageOperation): Promise<LayerTree> {
  const { layers } = images.find(id, undefined);
  for (const { chainId, blob } of layers) {
    if (blob !== undefined) await assembly.holdBlob(blob.digest);
    if (!(await assembly.holdLayer(chainId)))
      throw new EngineError("not-found", `the image ${reference} was removed while it was built upon`);
  }
  return { kind: "layers", layers };
}
