import type { KeyObject, X509Certificate } from "node:crypto";
import type { TrustedRoot } from "@sigstore/protobuf-specs";

/** What an entry of the policy wants of an image. */
export type Requirement =
  | { readonly kind: "anything" }
  | { readonly kind: "nothing" }
  | { readonly kind: "sigstore"; readonly signers: SigstoreSigners; readonly identity: SignedIdentity; readonly text: string }
  | {
      readonly kind: "notation";
      readonly roots: readonly X509Certificate[];
      readonly identities: readonly TrustedIdentity[];
      readonly text: string;
    };

export type SigstoreSigners =
  | { readonly kind: "keys"; readonly keys: readonly KeyObject[]; readonly rekorKeys: readonly KeyObject[] }
  | { readonly kind: "keyless"; readonly root: TrustedRoot; readonly issuer: string; readonly subject: SubjectRule };

/** Whom the certificate has to be for: an address, or a URL such as that of a workflow. */
export interface SubjectRule {
  readonly text: string;
  matches(subject: string): boolean;
}

/** Which name a signature has to give the image (containers-policy.json(5)); `matchDigest` wants none. */
export type SignedIdentity =
  | { readonly type: "matchExact" | "matchRepoDigestOrExact" | "matchRepository" | "matchDigest" }
  | { readonly type: "exactReference" | "exactRepository"; readonly name: string }
  | { readonly type: "remapIdentity"; readonly prefix: string; readonly signedPrefix: string };

/** Attributes of a certificate's subject that have to be there; of none, any will do. */
export type TrustedIdentity = Readonly<Record<string, string>>;

export interface PolicyEntry {
  readonly scope: string;
  /** All of them have to be met. */
  readonly requirements: readonly Requirement[];
}

export interface SignaturePolicy {
  readonly default: readonly Requirement[];
  /** By scope: `host/repository:tag`, `host/repository`, `host/namespace`, `host`, `*.domain`. */
  readonly scopes: ReadonlyMap<string, readonly Requirement[]>;
}
