import type { Digest } from "#spec/digest.ts";
import type { WhiteoutForm } from "../snapshots/contract.ts";
import type { GrowingFile } from "../worker/growing-file.ts";
import type { JobInput } from "../worker/job-input.ts";
import type { UnpackLimits } from "./contract.ts";

/** What the thread is told: plain data. */
export interface UnpackJob {
  readonly source: UnpackSource;
  readonly folder: string;
  readonly whiteouts: WhiteoutForm;
  readonly below: string | undefined;
  /** Hash the archive as it comes, too. */
  readonly hashBlob: boolean;
  readonly limits: UnpackLimits;
}

export type UnpackSource =
  | { readonly kind: "file"; readonly path: string }
  | ({ readonly kind: "growing" } & GrowingFile)
  | { readonly kind: "stream"; readonly input: JobInput };

export interface UnpackOutcome {
  readonly diffId: Digest;
  readonly blobDigest: Digest | undefined;
  readonly blobSize: number;
  readonly contentSize: number;
  readonly entries: number;
}
