import { EngineError } from "#errors/engine-error.ts";
import type { Network } from "./network.ts";
import type { NetworkStore } from "./network-store.ts";

/** The networks there are, in memory and on disk. */
export class NetworkRegistry {
  readonly #store: NetworkStore;
  readonly #byId: Map<string, Network>;

  constructor(store: NetworkStore) {
    this.#store = store;
    this.#byId = new Map(store.networks().map((network) => [network.id, network]));
  }

  all(): Network[] {
    return [...this.#byId.values()];
  }

  /** By id alone. */
  get(id: string): Network | undefined {
    return this.#byId.get(id);
  }

  named(name: string): Network | undefined {
    return this.all().find((network) => network.name === name);
  }

  /**
   * By whole id, name, or prefix of an id, in this order: a prefix never hides a name.
   *
   * @throws EngineError `not-found`, or `invalid` when a prefix fits several.
   */
  find(term: string): Network {
    const exact = this.#byId.get(term) ?? this.named(term);
    if (exact !== undefined) return exact;
    const [match, ...others] = this.all().filter(({ id }) => term !== "" && id.startsWith(term));
    if (match === undefined) throw new EngineError("not-found", `network ${term} not found`);
    if (others.length > 0) {
      throw new EngineError("invalid", `network ${term} is ambiguous (${others.length + 1} matches found based on ID prefix)`);
    }
    return match;
  }

  /** Adds a network, or takes a newer record of one. */
  save(network: Network): void {
    this.#store.saveNetwork(network);
    this.#byId.set(network.id, network);
  }

  /** From now on nobody finds it; on disk it stays until `remove`, for a daemon that has to finish the work. */
  hide(id: string): void {
    this.#byId.delete(id);
  }

  remove(id: string): void {
    this.#store.deleteNetwork(id);
    this.#byId.delete(id);
  }
}
