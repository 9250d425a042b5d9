/** What `POST /system/doctor` answers with: an endpoint of Dhow's own. */
export interface StoreReport {
  /** How many were looked at. */
  readonly Blobs: number;
  readonly Layers: number;
  /** Empty: the store is whole. */
  readonly Findings: readonly StoreFinding[];
}

export interface StoreFinding {
  readonly Kind: "missing-blob" | "damaged-blob" | "missing-layer" | "damaged-layer" | "orphan-blob" | "orphan-layer";
  /** A digest, or a layer's chain id. */
  readonly Subject: string;
  /** Images that need it, by id. */
  readonly Images: readonly string[];
  readonly Detail: string;
  readonly Outcome: "found" | "repaired" | "not-repaired";
  /** How it was repaired, or what a person can do. */
  readonly Words: string;
}
