import { addressesOf, type Endpoint, type Sandbox } from "../sandbox/sandbox.ts";

/** What of the sandboxes a zone reads. */
export interface ZoneSource {
  all(): Sandbox[];
  /** Goes up with every change. */
  readonly version: number;
}

/** Those behind one name on one network. */
export interface NamedAddresses {
  readonly addresses: readonly string[];
  /** Whether it is a container's own name, and nobody's alias. */
  readonly kind: "name" | "alias" | "id" | "host name";
}

interface NetworkNames {
  /** Of each container the addresses that it has, of both families. */
  readonly byName: Map<string, { holders: (readonly string[])[]; kind: NamedAddresses["kind"]; turn: number }>;
  /** Names of containers, by address. */
  readonly byAddress: Map<string, string>;
}

const SHORT_ID = 12;

/** What an endpoint is called on its network, in Docker's order. */
function namesOf({ containerId, containerName, names }: Sandbox, { wishes }: Endpoint): [string, NamedAddresses["kind"]][] {
  const all: [string, NamedAddresses["kind"]][] = [
    [containerName, "name"],
    ...wishes.aliases.map((alias): [string, "alias"] => [alias, "alias"]),
    [containerId.slice(0, SHORT_ID), "id"],
    [names.hostname, "host name"],
  ];
  return all.filter(([name]) => name !== "");
}

/**
 * Who is called what, network by network: never stored, always made of the sandboxes that there are, so that whoever connects, leaves,
 * or is renamed, is known or gone with the very next question. Made anew when a question comes after a change.
 */
export class Zone {
  readonly #source: ZoneSource;
  #networks = new Map<string, NetworkNames>();
  #version = -1;

  constructor(source: ZoneSource) {
    this.#source = source;
  }

  /** Addresses behind a name, in lower case; the first is another each time. */
  find(networkId: string, name: string): NamedAddresses | undefined {
    const found = this.#on(networkId)?.byName.get(name);
    if (found === undefined) return undefined;
    const { holders, kind } = found;
    found.turn = (found.turn + 1) % holders.length;
    return { addresses: [...holders.slice(found.turn), ...holders.slice(0, found.turn)].flat(), kind };
  }

  /** The name of the container that has an address. */
  nameOf(networkId: string, address: string): string | undefined {
    return this.#on(networkId)?.byAddress.get(address);
  }

  /** Whether anybody on any network is called so. */
  isKnown(name: string): boolean {
    this.#refresh();
    return this.#networks.values().some(({ byName }) => byName.has(name));
  }

  #on(networkId: string): NetworkNames | undefined {
    this.#refresh();
    return this.#networks.get(networkId);
  }

  #refresh(): void {
    if (this.#version === this.#source.version) return;
    this.#version = this.#source.version;
    this.#networks = new Map();
    for (const sandbox of this.#source.all()) {
      if (sandbox.phase === "connected") for (const endpoint of sandbox.endpoints) this.#add(sandbox, endpoint);
    }
  }

  #add(sandbox: Sandbox, endpoint: Endpoint): void {
    const { link } = endpoint;
    if (link === undefined) return;
    const addresses = addressesOf(link);
    let names = this.#networks.get(endpoint.networkId);
    if (names === undefined) this.#networks.set(endpoint.networkId, (names = { byName: new Map(), byAddress: new Map() }));
    for (const address of addresses) names.byAddress.set(address, sandbox.containerName);
    for (const [name, kind] of namesOf(sandbox, endpoint)) {
      const key = name.toLowerCase();
      const known = names.byName.get(key);
      if (known === undefined) names.byName.set(key, { holders: [addresses], kind, turn: 0 });
      // A container that is called so twice has one place.
      else if (known.holders.at(-1) !== addresses) known.holders.push(addresses);
    }
  }
}
