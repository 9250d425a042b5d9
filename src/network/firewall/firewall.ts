import type { Detour, HostLinks, HostRules } from "#sys/netns/host-network.ts";
import type { Logger } from "#lib/logger.ts";
import { messageOf } from "#errors/engine-error.ts";
import { type Family, familyOf } from "../addresses/ip.ts";
import { commentOf, forwardChains, type OpenedBridge, planForeign, readChain } from "./foreign-chains.ts";
import { planDetourRemoval } from "./detour.ts";
import { planLegacy } from "./legacy-iptables.ts";
import { type BridgeRules, planPublish, planRemoval, planTable, planWithdraw, type Publication } from "./plan.ts";

export interface FirewallDeps {
  readonly rules: HostRules & Pick<HostLinks, "ensureDetour" | "removeLink">;
  readonly logger: Logger;
}

export interface FirewallOptions {
  /** Name of the table, and in the comment of rules in foreign chains. */
  readonly table: string;
  /** What the way is called by which the host's own input rules decide about published ports, and whether they do. */
  readonly detour: Detour;
  readonly hostDecides: boolean;
}

/**
 * Keeps the kernel's rules in step with what is published. What should be there is known here, so that rules which somebody else
 * took away are made anew as a whole: when a change fails on them, and by `verify`.
 */
export class Firewall {
  readonly #rules: FirewallDeps["rules"];
  readonly #logger: Logger;
  readonly #table: string;
  readonly #detour: Detour;
  readonly #hostDecides: boolean;
  #bridges: readonly BridgeRules[] = [];
  /** By what a packet is addressed to. */
  readonly #published = new Map<string, Publication>();
  #seenGeneration: number | undefined;

  constructor({ rules, logger }: FirewallDeps, { table, detour, hostDecides }: FirewallOptions) {
    this.#rules = rules;
    this.#logger = logger;
    this.#table = table;
    this.#detour = detour;
    this.#hostDecides = hostDecides;
  }

  /** Sets which networks there are, and everything with it. */
  async setBridges(bridges: readonly BridgeRules[]): Promise<void> {
    this.#bridges = bridges;
    await this.restore();
  }

  /** Adds to what is published without touching the kernel: `restore` does it all at once. */
  note(publications: readonly Publication[]): void {
    for (const publication of publications) this.#published.set(placeOf(publication), publication);
  }

  async publish(publications: readonly Publication[]): Promise<void> {
    this.note(publications);
    await this.#change(planPublish(this.#place, publications));
  }

  /** What was never published is no error. */
  async withdraw(publications: readonly Publication[]): Promise<void> {
    const known = publications.filter((publication) => this.#published.delete(placeOf(publication)));
    await this.#change(planWithdraw(this.#place, known));
  }

  /** Makes the whole table anew, in one transaction, and looks after foreign chains. Running connections go on. */
  async restore(): Promise<void> {
    if (this.#hostDecides) await this.#rules.ensureDetour(this.#detour);
    await this.#rules.applyRules(planTable({ ...this.#place, bridges: this.#bridges, publications: [...this.#published.values()] }));
    await this.#openForeignChains(this.#opened());
    await this.#openLegacyChains(this.#opened());
  }

  get #place(): { table: string; detour: Detour | undefined } {
    return { table: this.#table, detour: this.#hostDecides ? this.#detour : undefined };
  }

  #opened(): OpenedBridge[] {
    return this.#bridges.map(({ bridge, subnets }) => ({ bridge, ipv6: subnets.some(({ subnet }) => familyOf(subnet) === 6) }));
  }

  /** Looks whether somebody has changed anything since the last time; cheap when not. @returns true when rules had to be made anew. */
  async verify(): Promise<boolean> {
    const { present, generation } = await this.#rules.rulesState(this.#table);
    if (!present) {
      this.#logger.warn({ table: this.#table }, "the packet filter's rules were gone; making them anew");
      await this.restore();
    } else if (generation !== this.#seenGeneration) {
      await this.#openForeignChains(this.#opened());
    }
    this.#seenGeneration = (await this.#rules.rulesState(this.#table)).generation;
    return !present;
  }

  /** Takes away the detour of a daemon that had the host's own rules decide, where this one has not. */
  async removeOldDetour(links: readonly string[]): Promise<void> {
    if (this.#hostDecides || !links.includes(this.#detour.outName)) return;
    await this.#rules.applyRules(planDetourRemoval(this.#table));
    await this.#rules.removeLink(this.#detour.outName);
  }

  /** Takes away every rule of ours, in foreign chains too. */
  async remove(): Promise<void> {
    this.#bridges = [];
    this.#published.clear();
    await this.#openForeignChains([]);
    await this.#openLegacyChains([]);
    await this.#rules.applyRules(planRemoval(this.#table));
    if (this.#hostDecides) await this.#rules.removeLink(this.#detour.outName);
  }

  async #change(script: string): Promise<void> {
    if (script === "") return;
    try {
      await this.#rules.applyRules(script);
    } catch (error) {
      // Somebody flushed our table, or an element was not as it should be: what is noted here is right, so it is made anew.
      this.#logger.warn({ table: this.#table, error: messageOf(error) }, "a change of the packet filter failed; making its rules anew");
      await this.restore();
    }
  }

  async #openForeignChains(bridges: readonly OpenedBridge[]): Promise<void> {
    const comment = commentOf(this.#table);
    const places = forwardChains(await this.#rules.listRules("list chains"), this.#table);
    const listings = await Promise.all(
      places.map(({ family, table, name }) => this.#rules.listRules(`list chain ${family} ${table} ${name}`).catch(() => [])),
    );
    const script = planForeign(
      listings.flatMap((listing) => readChain(listing, comment) ?? []),
      bridges,
      comment,
    );
    if (script === "") return;
    this.#logger.info({ rules: script.trim().split("\n") }, "another firewall's forward chain is adjusted for our bridges");
    await this.#rules.applyRules(script);
  }

  /** A failure is said and no more: the host's own older firewall must not keep the daemon from starting. */
  async #openLegacyChains(bridges: readonly OpenedBridge[]): Promise<void> {
    const names = (seen: readonly OpenedBridge[]): string[] => seen.map(({ bridge }) => bridge);
    try {
      await this.#openLegacyChain(4, names(bridges));
      await this.#openLegacyChain(6, names(bridges.filter(({ ipv6 }) => ipv6)));
    } catch (error) {
      this.#logger.warn({ error: messageOf(error) }, "the FORWARD chain of iptables-legacy cannot be adjusted for our bridges");
    }
  }

  async #openLegacyChain(family: Family, bridges: readonly string[]): Promise<void> {
    const listing = await this.#rules.runLegacyIptables(family, ["-S", "FORWARD"]);
    const runs = listing === undefined ? [] : planLegacy(listing, bridges, commentOf(this.#table));
    for (const parameters of runs) await this.#rules.runLegacyIptables(family, parameters);
  }
}

function placeOf({ protocol, hostIp, hostPort, address, port }: Publication): string {
  return hostPort === 0 ? `${protocol}/${address}:${port}` : `${protocol}/${hostIp}:${hostPort}`;
}
