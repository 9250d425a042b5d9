import type { Digest } from "./digest.ts";

/** What is said of an image beside it, in in-toto's form (https://github.com/in-toto/attestation), and how OCI registries hold it. */

/** By what a user calls it: the predicate's type. */
export const predicateTypes = {
  sbom: "https://spdx.dev/Document",
  provenance: "https://slsa.dev/provenance/v1",
} as const;

export const IN_TOTO_TYPE = "application/vnd.in-toto+json";
/** BuildKit's, which tools look for. */
export const PREDICATE_ANNOTATION = "in-toto.io/predicate-type";

/** How much a build is asked to say. */
export interface AttestationWishes {
  readonly sbom: boolean;
  /** `max` adds the Dockerfile and what each of its steps made. */
  readonly provenance: ProvenanceMode | undefined;
}

export type ProvenanceMode = "min" | "max";

/** Something that was said of an image. */
export interface Attestation {
  readonly predicateType: string;
  /** The blob with the predicate: JSON. */
  readonly digest: Digest;
}

export interface Subject {
  readonly name: string;
  readonly digest: Digest;
}

/** An in-toto statement: the predicate goes in as it is kept, byte for byte, so that the same image has the same statement everywhere. */
export function statementOf(predicateType: string, predicate: Uint8Array, subjects: readonly Subject[]): Buffer {
  const head = {
    _type: "https://in-toto.io/Statement/v1",
    subject: subjects.map(({ name, digest }) => ({ name, digest: { sha256: digest.slice("sha256:".length) } })),
    predicateType,
  };
  const text = JSON.stringify(head);
  return Buffer.concat([Buffer.from(`${text.slice(0, -1)},"predicate":`), predicate, Buffer.from("}")]);
}

/** As package URLs have an image: https://github.com/package-url/purl-spec. @param name in Docker's short form: `app`, `team/app`, `host:5000/app`. */
export function imagePackageUrl(
  name: string,
  tag: string | undefined,
  platform: { readonly os: string; readonly architecture: string },
): string {
  const path = name.split("/").map(encodeURIComponent).join("/");
  const version = tag === undefined ? "" : `@${encodeURIComponent(tag)}`;
  return `pkg:docker/${path}${version}?platform=${encodeURIComponent(`${platform.os}/${platform.architecture}`)}`;
}
