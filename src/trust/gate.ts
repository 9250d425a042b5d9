import { EngineError } from "#errors/engine-error.ts";
import { canonicalName, type Reference } from "#spec/reference.ts";
import type { ManifestToCheck, SignatureSource, Verdict } from "./contract.ts";
import { judge } from "./judge.ts";
import { DEFAULT_POLICY } from "./policy/policy-exists.ts";
import { readPolicy } from "./policy/policy-file.ts";

/**
 * Tells what the policy says of an image.
 *
 * @param path of the policy; undefined: the usual one, which need not be there.
 */
export async function verdictOn(
  path: string | undefined,
  reference: Reference,
  manifest: ManifestToCheck,
  source: SignatureSource,
  signal: AbortSignal,
): Promise<Verdict> {
  const policy = await readPolicy(path);
  if (policy === undefined) return { digest: manifest.digest, policy: undefined, scope: "no policy", accepted: true, requirements: [] };
  return judge(policy, path ?? DEFAULT_POLICY, { reference, manifest, source }, signal);
}

/** @throws EngineError `forbidden` for what is not accepted: what was missing, and what to do. */
export function enforce(verdict: Verdict, reference: Reference): void {
  if (verdict.accepted) return;
  throw new EngineError("forbidden", refusalText(verdict, canonicalName(reference)), { code: "signature-required" });
}

/** One line: Docker's clients print it as it is. */
function refusalText({ digest, policy, scope, requirements }: Verdict, name: string): string {
  const missing = requirements.filter(({ accepted }) => !accepted);
  const head = `image ${name}@${digest} is refused by the signature policy ${policy} (${scope})`;
  return `${head}: ${missing.map((one) => missingText(one, `${name}@${digest}`)).join("; and ")}`;
}

function missingText({ requirement, findings }: Verdict["requirements"][number], image: string): string {
  const isSignature = requirement.startsWith("signed");
  if (!isSignature) return requirement;
  if (findings.length === 0) {
    return `it has to be ${requirement}, and no signature of it was found in its repository: sign it there by this digest (cosign sign ${image}, notation sign ${image})`;
  }
  return `it has to be ${requirement}, and is not: ${findings.map(({ signature, because }) => `${signature}: ${because}`).join("; ")}`;
}
