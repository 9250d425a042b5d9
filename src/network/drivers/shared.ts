import { EngineError } from "#errors/engine-error.ts";
import type { Instance } from "#spec/instance.ts";
import { SystemCallError } from "#sys/ffi.ts";
import type { HostLinks, ParentLink } from "#sys/netns/host-network.ts";
import type { Sharing } from "#sys/netlink/link.ts";
import type { Network } from "../record/network.ts";
import { OPTION } from "../record/network-options.ts";
import type { EndpointLink } from "../sandbox/sandbox.ts";
import { AddressBook } from "./address-book.ts";
import type { LinkWish, NetworkDriver } from "./contract.ts";
import { insideOf } from "./inside.ts";

export interface SharedDriverDeps {
  readonly links: HostLinks;
}

export interface SharedDriverOptions {
  readonly kind: "macvlan" | "ipvlan";
  readonly instance: Instance;
}

/**
 * Containers on an interface of the host, side by side with it: each has an interface of its own that shares the parent, and the
 * world behind the parent sees it as another machine (macvlan, with a MAC address of its own) or as another address of this one
 * (ipvlan). The host itself and its packet filter have no part in it, and nothing is published.
 *
 * The parent is the user's. Two kinds are made where they are missing, and taken away with the network: `eth0.10`, VLAN 10 of eth0,
 * and, for a network without a parent, a link that goes nowhere.
 */
export class SharedDriver implements NetworkDriver {
  readonly name: "macvlan" | "ipvlan";
  readonly namespace = "own";
  readonly #links: HostLinks;
  readonly #instance: Instance;
  readonly #addresses = new AddressBook();

  constructor({ links }: SharedDriverDeps, { kind, instance }: SharedDriverOptions) {
    this.name = kind;
    this.#links = links;
    this.#instance = instance;
  }

  async up(network: Network): Promise<void> {
    const parent = this.#parentOf(network);
    const { links } = await this.#links.survey();
    if (links.some(({ name }) => name === parent)) return;
    const missing = this.#missingParent(network, parent);
    if (missing.vlan !== undefined && !links.some(({ name }) => name === missing.vlan?.parent)) {
      throw new EngineError("invalid", `the host has no interface ${missing.vlan.parent} that ${parent} could be a part of`);
    }
    await this.#orSaid(this.#links.ensureParent(missing), missing.vlan === undefined ? "dummy" : "VLAN");
  }

  /** Of the parents only those of our own making go: a dummy by its name, a VLAN by the mark that it was made with. */
  async down(network: Network): Promise<void> {
    this.#addresses.forget(network);
    const parent = this.#parentOf(network);
    const { links } = await this.#links.survey();
    const found = links.find(({ name }) => name === parent);
    const isOurs = network.options[OPTION.parent] === undefined || found?.alias === this.#mark(network);
    if (found !== undefined && isOurs) await this.#links.removeLink(parent);
  }

  reserve(network: Network, wish: LinkWish): EndpointLink {
    const isDirect = sharingOf(network).mode !== "l2" && this.name === "ipvlan";
    return {
      ...this.#addresses.reserve(network, wish),
      // Behind an ipvlan in l3 mode everything is reached without a router.
      ...(isDirect && !network.internal ? { gateway: undefined, direct: true } : {}),
      bridge: this.#parentOf(network),
      hostName: undefined,
      mtu: network.options[OPTION.mtu] === undefined ? undefined : Number(network.options[OPTION.mtu]),
    };
  }

  adopt(network: Network, link: EndpointLink): void {
    this.#addresses.adopt(network, link);
  }

  free(network: Network, link: EndpointLink): void {
    this.#addresses.free(network, link);
  }

  async join(network: Network, link: EndpointLink, namespace: string, { defaultRoute }: { defaultRoute: boolean }): Promise<void> {
    const direct = link.direct === true && defaultRoute;
    const inside = insideOf(link, namespace, defaultRoute);
    const wish = { ...inside, parent: link.bridge, mtu: link.mtu, sharing: sharingOf(network), direct };
    await this.#orSaid(this.#links.attachShared(wish), this.name);
  }

  async leave({ name }: EndpointLink, namespace: string): Promise<void> {
    await this.#links.detachInterface(namespace, name);
  }

  usage(network: Network): ReturnType<NetworkDriver["usage"]> {
    return this.#addresses.usage(network);
  }

  linkOf(network: Network): string | undefined {
    return network.options[OPTION.parent] === undefined ? this.#parentOf(network) : undefined;
  }

  rules(): undefined {
    return undefined;
  }

  /** Small kernels leave kinds of interfaces out. */
  async #orSaid(work: Promise<unknown>, kind: string): Promise<void> {
    try {
      await work;
    } catch (cause) {
      if (!(cause instanceof SystemCallError && cause.code === "ENOTSUP")) throw cause;
      throw new EngineError("not-implemented", `the host's kernel has no ${kind} interfaces`, { cause });
    }
  }

  #parentOf({ id, options }: Network): string {
    return options[OPTION.parent] ?? `${this.#instance.vethPrefix}m${id.slice(0, 8)}`;
  }

  #missingParent(network: Network, name: string): ParentLink {
    const alias = this.#mark(network);
    if (network.options[OPTION.parent] === undefined) return { name, alias };
    const [, parent = "", id = ""] = /^(.+)\.(\d{1,4})$/.exec(name) ?? [];
    if (parent === "" || Number(id) < 1 || Number(id) > 4094) {
      throw new EngineError(
        "invalid",
        `the host has no interface ${name}, and its name is not that of a VLAN, which would be made: eth0.10`,
      );
    }
    return { name, alias, vlan: { parent, id: Number(id) } };
  }

  #mark({ id }: Network): string {
    return `${this.#instance.name} network ${id}`;
  }
}

function sharingOf({ driver, options }: Pick<Network, "driver" | "options">): Sharing {
  if (driver === "macvlan") {
    return { kind: "macvlan", mode: (options[OPTION.macvlanMode] ?? "bridge") as Extract<Sharing, { kind: "macvlan" }>["mode"] };
  }
  type IpvlanSharing = Extract<Sharing, { kind: "ipvlan" }>;
  const mode = (options[OPTION.ipvlanMode] ?? "l2") as IpvlanSharing["mode"];
  // Values were checked when the network was made.
  return { kind: "ipvlan", mode, flag: (options[OPTION.ipvlanFlag] ?? "bridge") as IpvlanSharing["flag"] };
}
