import type { InspectedNetwork, NetworkState } from "#network/list.ts";
import type { Network } from "#network/record/network.ts";
import type { DnsTrace } from "#spec/network/dns-trace.ts";
import type { EndpointSettings, NetworkCreateBody } from "#spec/docker-api/types.ts";
import type { Filters } from "#spec/filters/filters.ts";

/** What the networks' routes need of the engine. A reference is a name, an id, or the beginning of one. */
export interface NetworkBackend {
  list(filters: Filters): readonly NetworkState[];
  inspect(reference: string): InspectedNetwork;
  create(body: NetworkCreateBody): Promise<Network>;
  remove(reference: string): Promise<void>;
  /** @param before milliseconds since the epoch. @returns names. */
  prune(filters: Filters, before: number | undefined, signal: AbortSignal): Promise<readonly string[]>;
  connect(input: { network: string; container: string; settings: EndpointSettings }): Promise<void>;
  disconnect(input: { network: string; container: string; force: boolean }): Promise<void>;
  /** How a container's question for a name is answered, and why. */
  traceName(input: { container: string; name: string; type: string | undefined }): Promise<DnsTrace>;
}
