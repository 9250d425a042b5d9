import type { X509Certificate } from "node:crypto";
import { quoted, Refusal } from "../refusal.ts";

const CODE_SIGNING = "1.3.6.1.5.5.7.3.3";

/**
 * Whether a chain, the signer first, leads to a certificate of the trust store, by the rules of Notation's certificate requirements: every
 * certificate signed by the next, all of them valid now, the signer's for signing and no authority's, the others authorities'.
 *
 * @throws Refusal.
 */
export function checkChain(chain: readonly X509Certificate[], roots: readonly X509Certificate[], now: Date): void {
  for (const [index, certificate] of chain.entries()) {
    checkTime(certificate, now);
    const issuer = chain[index + 1];
    if (issuer !== undefined && !isIssuedBy(certificate, issuer))
      throw new Refusal(`${nameOf(certificate)} was not issued by ${nameOf(issuer)}, which follows it`);
    if (index > 0 && !certificate.ca) throw new Refusal(`${nameOf(certificate)} has issued a certificate and is no authority`);
  }
  checkLeaf(chain[0] as X509Certificate, chain.length);
  const last = chain.at(-1) as X509Certificate;
  // The root itself may be left out of the chain, and a store may trust an intermediate authority alone.
  const anchor = roots.find((root) => chain.some((certificate) => certificate.raw.equals(root.raw)) || (root.ca && isIssuedBy(last, root)));
  if (anchor === undefined) throw new Refusal(`${nameOf(last)} leads to no certificate of the trust store`);
  checkTime(anchor, now);
}

function checkLeaf(leaf: X509Certificate, length: number): void {
  if (leaf.ca && length > 1) throw new Refusal(`${nameOf(leaf)} is an authority's certificate, and signs no images`);
  const usages = (leaf.keyUsage as readonly string[] | undefined) ?? [];
  if (usages.length > 0 && !usages.includes(CODE_SIGNING)) throw new Refusal(`${nameOf(leaf)} is not for signing code`);
}

function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

function checkTime(certificate: X509Certificate, now: Date): void {
  if (now < new Date(certificate.validFrom))
    throw new Refusal(`the certificate of ${nameOf(certificate)} is valid from ${certificate.validFrom} on`);
  if (now > new Date(certificate.validTo))
    throw new Refusal(`the certificate of ${nameOf(certificate)} has expired on ${certificate.validTo}`);
}

function nameOf({ subject }: X509Certificate): string {
  return quoted(subject.replaceAll("\n", ", "));
}
