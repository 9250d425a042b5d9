import type { IdMapping } from "#lib/id-mapping.ts";
import type { UnpackLimits } from "../unpack/contract.ts";
import type { JobInput } from "../worker/job-input.ts";
import type { ExtractRequest, LayerRequest, TreeDiff, ViewRequest } from "./contract.ts";
import type { RingMemory } from "./ring.ts";

/** What a thread is told: plain data. */
export type FilesJob =
  | { readonly kind: "stat"; readonly view: ViewRequest; readonly path: string }
  /** Notes the `PathStat`, then `RingNote`s. */
  | { readonly kind: "pack"; readonly view: ViewRequest; readonly path: string; readonly ring: RingMemory }
  | ExtractJob
  /** Notes `RingNote`s. */
  | { readonly kind: "pack-folder"; readonly folder: string; readonly users: IdMapping | undefined; readonly ring: RingMemory }
  | { readonly kind: "changes"; readonly diff: TreeDiff }
  | ({ readonly kind: "pack-layer" } & LayerRequest);

export interface ExtractJob extends Pick<ExtractRequest, "path" | "keepKinds" | "owner"> {
  readonly kind: "extract";
  readonly view: ViewRequest;
  readonly input: JobInput;
  readonly limits: UnpackLimits;
}
