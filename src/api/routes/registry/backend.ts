import type { RemoteImage } from "#distribution/inquiry/inspect-remote.ts";
import type { FoundRepository, SearchInput } from "#distribution/inquiry/search.ts";
import type { Reference } from "#spec/reference.ts";
import type { RegistryAuth } from "#spec/registry-auth.ts";
import type { Verdict } from "#trust/contract.ts";

/** What is asked of registries without an image being moved. */
export interface RegistryBackend {
  /** Tries credentials at the registry that they name. @returns a token to be kept in their place, where the registry gives one. */
  login(auth: RegistryAuth, signal: AbortSignal): Promise<string | undefined>;
  inspect(reference: Reference, auth: RegistryAuth, signal: AbortSignal): Promise<RemoteImage>;
  /** Says what the signature policy says of an image, as its registry has it now. */
  verify(reference: Reference, auth: RegistryAuth, signal: AbortSignal): Promise<Verdict>;
  search(input: SearchInput, auth: RegistryAuth, signal: AbortSignal): Promise<readonly FoundRepository[]>;
}
