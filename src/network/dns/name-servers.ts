import { messageOf } from "#errors/engine-error.ts";
import type { Logger } from "#lib/logger.ts";
import type { HostNames } from "#sys/netns/host-network.ts";
import { closeFd } from "#sys/processes/pipe.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";
import { NameServer } from "./name-server.ts";
import type { Resolver } from "./resolver.ts";

export interface NameServersDeps {
  readonly host: Pick<HostNames, "openNameServer">;
  readonly resolver: Pick<Resolver, "answer">;
  readonly logger: Logger;
}

/** The embedded servers that there are, by sandbox: a container that starts and stops quickly has two for a moment. */
export class NameServers {
  readonly #deps: NameServersDeps;
  readonly #opening = new Map<string, Promise<NameServer | undefined>>();

  constructor(deps: NameServersDeps) {
    this.#deps = deps;
  }

  get size(): number {
    return this.#opening.size;
  }

  /** Begins to open one, in the order of what the host's network is asked for; `opened` tells what came of it. */
  begin(sandbox: Pick<Sandbox, "id" | "containerId" | "netns" | "names">): void {
    const { id, containerId, netns, names } = sandbox;
    if (netns === undefined || !names.embedded || this.#opening.has(id)) return;
    const opening = this.#open(id, containerId, netns);
    this.#opening.set(id, opening);
    opening.catch(() => {}); // Whoever needs it hears of it from `opened`.
  }

  /** Resolves when it answers. Without one that was begun there is nothing to wait for. @throws SystemCallError. */
  async opened({ id }: Pick<Sandbox, "id">): Promise<void> {
    await this.#opening.get(id);
  }

  close({ id }: Pick<Sandbox, "id">): void {
    const opening = this.#opening.get(id);
    this.#opening.delete(id);
    void opening?.then((server) => server?.close()).catch(() => {});
  }

  async closeAll(): Promise<void> {
    const all = [...this.#opening.values()];
    for (const id of this.#opening.keys()) this.close({ id });
    await Promise.allSettled(all);
  }

  async #open(id: string, containerId: string, netns: string): Promise<NameServer | undefined> {
    const { host, resolver, logger } = this.#deps;
    try {
      const sockets = await host.openNameServer(netns);
      if (this.#opening.has(id)) return new NameServer(sockets, (packet, limit) => resolver.answer(containerId, packet, limit));
      closeFd(sockets.udp);
      closeFd(sockets.tcp);
      return undefined;
    } catch (error) {
      logger.warn({ container: containerId, error: messageOf(error) }, "a container's name server cannot be opened");
      throw error;
    }
  }
}
