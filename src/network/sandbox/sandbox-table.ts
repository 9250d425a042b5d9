import type { NetworkStore } from "../record/network-store.ts";
import type { Endpoint, Sandbox } from "./sandbox.ts";

/**
 * The sandboxes there are. One that leaves is out of sight at once, yet keeps its row, and its endpoints keep their networks from
 * being removed, until it is forgotten.
 */
export class SandboxTable {
  readonly #store: NetworkStore;
  /** By container. */
  readonly #present = new Map<string, Sandbox>();
  /** By their own id: a container that starts and stops quickly has several. */
  readonly #leaving = new Map<string, Sandbox>();
  #version = 0;

  constructor(store: NetworkStore) {
    this.#store = store;
  }

  /** Goes up with every change of `all`. */
  get version(): number {
    return this.#version;
  }

  all(): Sandbox[] {
    return [...this.#present.values()];
  }

  /** What is on disk: those of an earlier daemon, and those that leave. */
  saved(): Sandbox[] {
    return this.#store.sandboxes();
  }

  get(containerId: string): Sandbox | undefined {
    return this.#present.get(containerId);
  }

  save(sandbox: Sandbox): void {
    this.#store.saveSandbox(sandbox);
    this.#set(sandbox);
  }

  /** Takes up one that an earlier daemon saved. */
  adopt(sandbox: Sandbox): void {
    this.#set(sandbox);
  }

  /** From now on it is nobody's; `forget` follows when the kernel has let go. */
  leave(sandbox: Sandbox): void {
    this.#store.saveSandbox({ ...sandbox, phase: "leaving" });
    this.#present.delete(sandbox.containerId);
    this.#version += 1;
    this.#leaving.set(sandbox.id, sandbox);
  }

  forget({ id, containerId }: Sandbox): void {
    if (this.#present.get(containerId)?.id === id) this.#present.delete(containerId);
    this.#version += 1;
    this.#leaving.delete(id);
    this.#store.deleteSandbox(id);
  }

  #set(sandbox: Sandbox): void {
    this.#present.set(sandbox.containerId, sandbox);
    this.#version += 1;
  }

  /** Who is on a network, by container. */
  endpointsOn(networkId: string): { sandbox: Sandbox; endpoint: Endpoint }[] {
    return this.all().flatMap((sandbox) =>
      sandbox.endpoints.filter((endpoint) => endpoint.networkId === networkId).map((endpoint) => ({ sandbox, endpoint })),
    );
  }

  /** Ids of networks whose addresses are still being given back. */
  networksInDrain(): ReadonlySet<string> {
    return new Set([...this.#leaving.values()].flatMap(({ endpoints }) => endpoints.map(({ networkId }) => networkId)));
  }
}
