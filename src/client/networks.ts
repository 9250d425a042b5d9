import type { EndpointSettings, NetworkCreateBody } from "#spec/docker-api/types.ts";
import type { CreatedNetwork, InspectedNetwork, ListedNetwork } from "./answers.ts";
import type { Caller } from "./caller.ts";
import { prune, type PruneOptions } from "./prune.ts";
import { encodeFilters, encodeName, type QueryFilters } from "./query.ts";

export class NetworksClient {
  readonly #caller: Caller;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  list({ filters }: { readonly filters?: QueryFilters } = {}): Promise<ListedNetwork[]> {
    return this.#caller.json("GET /networks", { query: { filters: encodeFilters(filters) } });
  }

  inspect(id: string): Promise<InspectedNetwork> {
    return this.#caller.json(`GET /networks/${encodeName(id)}`);
  }

  create(body: NetworkCreateBody): Promise<CreatedNetwork> {
    return this.#caller.json("POST /networks/create", { json: body });
  }

  remove(id: string): Promise<void> {
    return this.#caller.send(`DELETE /networks/${encodeName(id)}`);
  }

  /** @param endpoint what the container is called there, its address, … */
  connect(id: string, container: string, endpoint?: EndpointSettings): Promise<void> {
    const body = { Container: container, ...(endpoint === undefined ? {} : { EndpointConfig: endpoint }) };
    return this.#caller.send(`POST /networks/${encodeName(id)}/connect`, { json: body });
  }

  disconnect(id: string, container: string, { force = false }: { readonly force?: boolean } = {}): Promise<void> {
    return this.#caller.send(`POST /networks/${encodeName(id)}/disconnect`, { json: { Container: container, Force: force } });
  }

  /** Removes those that nobody uses. Resolves to their names. */
  async prune(options: PruneOptions = {}): Promise<readonly string[]> {
    return (await prune(this.#caller, "networks", options)).removed;
  }
}
