import type { Logger } from "#lib/logger.ts";
import type { DnsTrace } from "#spec/network/dns-trace.ts";
import type { HostNames } from "#sys/netns/host-network.ts";
import type { NetworkRegistry } from "../record/registry.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";
import type { SandboxTable } from "../sandbox/sandbox-table.ts";
import { AnswerCache } from "./cache.ts";
import { Forwarder } from "./forwarder.ts";
import { HostServers } from "./host-servers.ts";
import { NameServers } from "./name-servers.ts";
import { Resolver } from "./resolver.ts";
import { traceName } from "./trace.ts";
import { askUpstream } from "./upstream.ts";
import { Zone } from "./zone.ts";

export interface NamesDeps {
  readonly host: HostNames;
  readonly registry: Pick<NetworkRegistry, "get">;
  readonly sandboxes: Pick<SandboxTable, "all" | "get" | "version">;
  readonly logger: Logger;
}

export interface NamesOptions {
  /** daemon.json `dns`; without any, the host's. */
  readonly servers: readonly string[];
  /** The host's resolv.conf. */
  readonly resolvConf: string;
}

/** Names on networks: who is called what, and the servers inside containers that tell it. */
export class Names {
  readonly #servers: NameServers;
  readonly #resolver: Resolver;
  readonly #hostServers: HostServers;

  constructor({ host, registry, sandboxes, logger }: NamesDeps, { servers, resolvConf }: NamesOptions) {
    const hostServers = new HostServers(resolvConf);
    this.#hostServers = hostServers;
    this.#resolver = new Resolver({
      zone: new Zone(sandboxes),
      network: (id) => registry.get(id),
      servers: () => (servers.length > 0 ? servers : hostServers.current()),
      sandbox: (containerId) => sandboxes.get(containerId),
      forwarder: new Forwarder({ ask: askUpstream(host), cache: new AnswerCache() }),
    });
    this.#servers = new NameServers({ host, resolver: this.#resolver, logger });
  }

  /** Looks for the host's servers, before the first question comes. */
  start(): Promise<void> {
    return this.#hostServers.refresh();
  }

  /** Begins to open a container's server, where it is to have one. */
  begin(sandbox: Sandbox): void {
    this.#servers.begin(sandbox);
  }

  /** Resolves when the server that was begun answers. @throws SystemCallError. */
  opened(sandbox: Sandbox): Promise<void> {
    return this.#servers.opened(sandbox);
  }

  close(sandbox: Sandbox): void {
    this.#servers.close(sandbox);
  }

  async closeAll(): Promise<void> {
    await this.#servers.closeAll();
  }

  /** How a container's question would be answered, and why. @throws EngineError `invalid`. */
  trace(asker: Sandbox, name: string, type: string | undefined): Promise<DnsTrace> {
    return traceName(this.#resolver, asker, name, type);
  }
}
