import { json, type ApiRequest, type Reply } from "#http/route.ts";
import { EngineError } from "#errors/engine-error.ts";
import type { ImageVerdict } from "#spec/image-verdict.ts";
import { parseImageName } from "#spec/reference.ts";
import { parseRegistryAuth } from "#spec/registry-auth.ts";
import type { Verdict } from "#trust/contract.ts";
import type { RegistryBackend } from "./backend.ts";

/** Dhow's own: what the signature policy says of an image, without it being pulled. */
export async function verifyDistribution(backend: Pick<RegistryBackend, "verify">, request: ApiRequest): Promise<Reply> {
  const name = request.params["name"] ?? "";
  const parsed = parseImageName(name);
  if (parsed.kind === "id") throw new EngineError("invalid", `unknown image reference format: ${name}`);
  const auth = parseRegistryAuth(request.headers["x-registry-auth"]);
  return json(verdictView(await backend.verify(parsed.reference, auth, request.signal)));
}

function verdictView({ digest, policy, scope, accepted, requirements }: Verdict): ImageVerdict {
  return {
    Digest: digest,
    Policy: policy ?? "",
    Scope: scope,
    Accepted: accepted,
    Requirements: requirements.map((one) => ({
      Requirement: one.requirement,
      Accepted: one.accepted,
      Signatures: one.findings.map((found) => ({ Signature: found.signature, Accepted: found.accepted, Because: found.because })),
    })),
  };
}
