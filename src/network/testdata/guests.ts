import { vi } from "vitest";
import type { SandboxView } from "../sandbox/sandbox.ts";
import type { NetworkService } from "../service.ts";
import { request, type IsolatedHost } from "./isolated-host.ts";

/** Containers that say who they are on port 80: for tests of who reaches whom. */
export class Guests {
  readonly #host: IsolatedHost;
  readonly #networks: NetworkService;
  readonly #views = new Map<string, SandboxView>();

  constructor(host: IsolatedHost, networks: NetworkService) {
    this.#host = host;
    this.#networks = networks;
  }

  async run(id: string, wishes: Parameters<typeof request>[1]): Promise<void> {
    this.#views.set(id, await this.#networks.prepare(request(id, wishes)));
    await this.#networks.connect(id);
    const page = `this is ${id}`;
    this.#host.serve(this.netns(id), page);
    await vi.waitFor(() => {
      const said = this.#host.fetch(this.netns(id), "127.0.0.1");
      if (said !== page) throw new Error(`${id} does not serve yet: ${said}`);
    });
  }

  view(id: string): SandboxView | undefined {
    return this.#views.get(id);
  }

  netns(id: string): string {
    return this.view(id)?.netns ?? "";
  }

  /** On the first of its networks. */
  endpoint(id: string): Partial<SandboxView["endpoints"][string]> {
    return Object.values(this.view(id)?.endpoints ?? {})[0] ?? {};
  }

  /** Of the host, where the guest's port is published. */
  hostPort(id: string, key = "80/tcp"): string {
    return this.view(id)?.ports[key]?.[0]?.HostPort ?? "";
  }
}
