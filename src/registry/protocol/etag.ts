import type { BlobDigest } from "./digest.ts";

/** A strong validator: the digest says all there is to say of bytes. */
export function etagOf(digest: BlobDigest): string {
  return `"${digest}"`;
}

/** Whether the client has it already, as `If-None-Match` says (weak comparison, RFC 9110, 13.1.2). Bare digests are taken, too: Docker's registry did. */
export function isKnownTo(header: string | undefined, digest: BlobDigest): boolean {
  if (header === undefined) return false;
  const names = header.split(",").map((item) =>
    item
      .trim()
      .replace(/^W\//, "")
      .replace(/^"(.*)"$/, "$1"),
  );
  return names.includes("*") || names.includes(digest);
}

/** Whether a range may be taken of what is here: `If-Range` has to name it exactly. */
export function mayTakeRange(header: string | undefined, digest: BlobDigest): boolean {
  return header === undefined || header === etagOf(digest);
}
