import { EngineError } from "#errors/engine-error.ts";
import type { ContainerConfig } from "#spec/docker-api/types.ts";
import { hugePageLimitsOf } from "#spec/huge-pages.ts";
import type { HostFacts } from "../../spec-input.ts";

/** @throws EngineError `invalid` for a size of pages that this host does not have. */
export function validateHugePages({ Labels }: ContainerConfig, { hugePageSizes = [] }: HostFacts): void {
  const missing = hugePageLimitsOf(Labels).find(({ pageSize }) => !hugePageSizes.includes(pageSize));
  if (missing === undefined) return;
  const available = hugePageSizes.length === 0 ? "none" : hugePageSizes.join(", ");
  throw new EngineError("invalid", `huge pages of ${missing.pageSize} cannot be limited on this host: available: ${available}`);
}
