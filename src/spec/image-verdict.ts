/** What the signature policy says of an image, as `GET /distribution/{name}/verify` answers and `dhow image verify` shows it. Dhow's own. */
export interface ImageVerdict {
  /** Of the manifest, or index, that the name leads to now. */
  readonly Digest: string;
  /** The policy's file; empty where there is none. */
  readonly Policy: string;
  /** The entry of the policy that counts. */
  readonly Scope: string;
  readonly Accepted: boolean;
  readonly Requirements: readonly RequirementVerdict[];
}

interface RequirementVerdict {
  readonly Requirement: string;
  readonly Accepted: boolean;
  /** Signatures that were looked at. */
  readonly Signatures: readonly { readonly Signature: string; readonly Accepted: boolean; readonly Because: string }[];
}
