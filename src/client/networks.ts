import type { NetworkInspect, NetworkSummary } from "#spec/docker-api/types.ts";
import type { Caller } from "./caller.ts";
import { encodeFilters, encodeName, type QueryFilters } from "./query.ts";

export class NetworksClient {
  readonly #caller: Caller;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  list({ filters }: { readonly filters?: QueryFilters } = {}): Promise<NetworkSummary[]> {
    return this.#caller.json("GET /networks", { query: { filters: encodeFilters(filters) } });
  }

  inspect(id: string): Promise<NetworkInspect> {
    return this.#caller.json(`GET /networks/${encodeName(id)}`);
  }
}
