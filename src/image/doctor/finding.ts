import type { Digest } from "#spec/digest.ts";

/** What a blob is to the images that need it. */
export type BlobRole = "configuration" | "manifest" | "layer archive";

/** One thing that is wrong with the store. */
export type Finding =
  /** An image needs it, and it is not here. */
  | { readonly kind: "missing-blob"; readonly digest: Digest; readonly role: BlobRole; readonly images: readonly Digest[] }
  /** It does not hold what its name says: cut off, or changed. */
  | { readonly kind: "damaged-blob"; readonly digest: Digest; readonly role: BlobRole; readonly images: readonly Digest[] }
  /** An image needs it unpacked, and it is not. */
  | { readonly kind: "missing-layer"; readonly chainId: Digest; readonly images: readonly Digest[] }
  /** Its files have not the size that was unpacked. */
  | {
      readonly kind: "damaged-layer";
      readonly chainId: Digest;
      readonly images: readonly Digest[];
      readonly bytes: number;
      readonly expected: number;
    }
  /** Nobody needs it. */
  | { readonly kind: "orphan-blob"; readonly digest: Digest; readonly bytes: number }
  | { readonly kind: "orphan-layer"; readonly chainId: Digest };

/** What became of it. */
export type Outcome =
  | { readonly kind: "found" }
  /** In words: `fetched again from …`. */
  | { readonly kind: "repaired"; readonly how: string }
  /** And what a person can do. */
  | { readonly kind: "not-repaired"; readonly why: string };

export interface Diagnosis {
  readonly finding: Finding;
  readonly outcome: Outcome;
}

export interface DoctorReport {
  readonly blobs: number;
  readonly layers: number;
  readonly diagnoses: readonly Diagnosis[];
}
