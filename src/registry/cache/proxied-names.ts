import type { Copies } from "../context.ts";
import { isRepositoryName, type RepositoryName } from "../protocol/names.ts";
import type { Upstream, UpstreamRepository } from "./upstream.ts";

/** Which names here are whose there. */
export class ProxiedNames implements Copies {
  readonly #upstreams: readonly { readonly prefix: string; readonly host: string; readonly upstream: Upstream }[];

  constructor(upstreams: readonly { readonly prefix: string; readonly host: string; readonly upstream: Upstream }[]) {
    this.#upstreams = upstreams;
  }

  isCopy(name: RepositoryName): boolean {
    return this.upstreamOf(name) !== undefined;
  }

  upstreamOf(name: RepositoryName): UpstreamRepository | undefined {
    for (const { prefix, upstream } of this.#upstreams) {
      const rest = prefix === "" ? name : name.startsWith(`${prefix}/`) ? name.slice(prefix.length + 1) : "";
      if (isRepositoryName(rest)) return { upstream, repository: rest };
    }
    return undefined;
  }

  nameOf(registry: string, repository: RepositoryName): RepositoryName | undefined {
    const found = this.#upstreams.find(({ host }) => host === registry);
    if (found === undefined) return undefined;
    const name = found.prefix === "" ? repository : `${found.prefix}/${repository}`;
    return isRepositoryName(name) ? name : undefined;
  }
}
