import { isEngineError } from "#errors/engine-error.ts";
import type { Reference } from "#spec/reference.ts";
import { type Candidate, type Candidates, MOST_CANDIDATES, notationCandidates, sigstoreCandidates } from "./candidate.ts";
import type { Finding, ManifestToCheck, RequirementVerdict, SignatureSource, Verdict } from "./contract.ts";
import { verifySimpleSigning } from "./cosign/simple-signing.ts";
import { verifyBundle } from "./cosign/verify-bundle.ts";
import { verifyNotation } from "./notation/verify-notation.ts";
import type { Requirement, SignaturePolicy } from "./policy/requirement.ts";
import { entryFor } from "./policy/scopes.ts";
import { Refusal } from "./refusal.ts";

export interface Judged {
  readonly reference: Reference;
  readonly manifest: ManifestToCheck;
  readonly source: SignatureSource;
}

/**
 * Holds an image to what a policy says of it. Everything is about the digest that the caller has resolved the reference to: what the registry says
 * of the tag by now is not asked.
 *
 * @throws EngineError when the registry cannot be asked.
 */
export async function judge(policy: SignaturePolicy, file: string, image: Judged, signal: AbortSignal): Promise<Verdict> {
  const { scope, requirements } = entryFor(policy, image.reference);
  const verdicts: RequirementVerdict[] = [];
  for (const requirement of requirements) verdicts.push(await judgeOne(requirement, image, signal));
  return {
    digest: image.manifest.digest,
    policy: file,
    scope,
    accepted: verdicts.every(({ accepted }) => accepted),
    requirements: verdicts,
  };
}

async function judgeOne(requirement: Requirement, image: Judged, signal: AbortSignal): Promise<RequirementVerdict> {
  switch (requirement.kind) {
    case "anything":
      return { requirement: "nothing is required", accepted: true, findings: [] };
    case "nothing":
      return { requirement: "images of this scope are refused", accepted: false, findings: [] };
    case "sigstore":
    case "notation":
      return judgeSignatures(requirement, image, signal);
  }
}

type Signed = Extract<Requirement, { kind: "sigstore" | "notation" }>;

/** Until one is accepted. */
async function judgeSignatures(requirement: Signed, image: Judged, signal: AbortSignal): Promise<RequirementVerdict> {
  const { digest } = image.manifest;
  const find = requirement.kind === "sigstore" ? sigstoreCandidates : notationCandidates;
  const candidates = await find(image.source, digest, signal);
  const findings: Finding[] = candidates.unreadable.map(({ name, because }) => ({ signature: name, accepted: false, because }));
  for (const candidate of candidates.found) {
    const finding = await look(requirement, candidate, image, signal);
    findings.push(finding);
    if (finding.accepted) return { requirement: requirement.text, accepted: true, findings };
  }
  return { requirement: requirement.text, accepted: false, findings: [...findings, ...unseen(candidates)] };
}

function unseen({ more }: Candidates): Finding[] {
  if (!more) return [];
  return [{ signature: "others", accepted: false, because: `there are more signatures than the ${MOST_CANDIDATES} that are looked at` }];
}

async function look(requirement: Signed, candidate: Candidate, image: Judged, signal: AbortSignal): Promise<Finding> {
  try {
    const bytes = await candidate.bytes(signal);
    return { signature: candidate.name, accepted: true, because: await verifyOne(requirement, candidate, bytes, image) };
  } catch (error) {
    // One that is damaged, gone or too large says nothing about the others; a registry that does not answer does.
    const isItsOwn = error instanceof Refusal || isEngineError(error, "not-found", "too-large", "invalid");
    if (!isItsOwn) throw error;
    return { signature: candidate.name, accepted: false, because: error.message };
  }
}

async function verifyOne(requirement: Signed, candidate: Candidate, bytes: Buffer, { manifest, reference }: Judged): Promise<string> {
  if (requirement.kind === "notation") return verifyNotation({ mediaType: candidate.mediaType, bytes }, manifest.digest, requirement);
  const { signers, identity } = requirement;
  if (candidate.kind === "bundle") return verifyBundle(bytes, manifest, reference, signers, identity);
  return verifySimpleSigning(candidate, bytes, { digest: manifest.digest, reference }, signers, identity);
}
