import type { X509Certificate } from "node:crypto";
import { parseSubject } from "../policy/notation-requirement.ts";
import type { TrustedIdentity } from "../policy/requirement.ts";
import { quoted, Refusal } from "../refusal.ts";

/** @throws Refusal unless all attributes of one of the identities are the certificate's; of none, anybody will do. */
export function checkIdentity({ subject }: X509Certificate, identities: readonly TrustedIdentity[]): void {
  if (identities.length === 0) return;
  const found = parseSubject(subject.split("\n"));
  const isOne =
    found !== undefined && identities.some((identity) => Object.entries(identity).every(([name, value]) => found[name] === value));
  if (!isOne) throw new Refusal(`${quoted(subject.replaceAll("\n", ", "))} has signed it, who is no trusted identity`);
}
