import type { FoundAttestation } from "#image/list/attestations.ts";
import type { AttestationStatement } from "#spec/docker-api/types.ts";

/** @param isWhole with the statement itself. */
export function attestationView({ descriptor, predicateType, statement }: FoundAttestation, isWhole: boolean): AttestationStatement {
  const { mediaType, digest, size, annotations } = descriptor;
  return {
    Descriptor: { mediaType, digest, size, annotations: { ...annotations } },
    PredicateType: predicateType,
    ...(isWhole ? { Statement: JSON.parse(statement.toString("utf8")) as Record<string, unknown> } : {}),
  };
}
