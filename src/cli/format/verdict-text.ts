import type { ImageVerdict } from "#spec/image-verdict.ts";

/** What a signature policy says of an image, for a person: the answer first, then why. */
export function verdictText(name: string, { Digest, Policy, Scope, Accepted, Requirements }: ImageVerdict): string {
  const lines = [`${name} is ${Accepted ? "accepted" : "refused"}`, `  digest  ${Digest}`];
  if (Policy === "") lines.push("  policy  none: every image is accepted");
  else lines.push(`  policy  ${Policy} (${Scope})`);
  for (const { Requirement, Accepted: isMet, Signatures } of Requirements) {
    lines.push(`  ${isMet ? "met    " : "not met"} ${Requirement}`);
    if (!isMet && Signatures.length === 0 && Requirement.startsWith("signed"))
      lines.push("          no signature of this digest is in its repository");
    for (const { Signature, Accepted: counts, Because } of Signatures)
      lines.push(`          ${Signature}: ${counts ? "by " : "no: "}${Because}`);
  }
  return `${lines.join("\n")}\n`;
}
