import { isEngineError } from "#errors/engine-error.ts";
import type { Digest } from "#spec/digest.ts";
import type { Filters } from "#spec/filters/filters.ts";
import { countsAsRunning, type Container } from "../record/container.ts";
import type { ContainerContext } from "../deps.ts";
import type { Health } from "../health/health.ts";
import { compileFilters } from "./list-filters.ts";
import { linkNames } from "../links/resolve.ts";
import type { NetworkSandbox } from "../ports.ts";
import { containerSizes, type ContainerSizes, type SizeDeps } from "./sizes.ts";

export interface ListOptions {
  /** Also those that do not run. */
  readonly all: boolean;
  /** The newest only, running or not; 0 or less is no limit. */
  readonly limit: number;
  readonly size: boolean;
  readonly filters: Filters;
}

export interface ListedContainer {
  readonly container: Container;
  readonly sandbox: NetworkSandbox | undefined;
  readonly health: Health | undefined;
  readonly sizes: ContainerSizes | undefined;
  /** The reference it was made from, while that still means its image; else the image's id. */
  readonly imageName: string;
  /** What others call it that are linked to it: `/web/db`. */
  readonly linkNames: readonly string[];
}

export type ListDeps = SizeDeps & Pick<ContainerContext, "store" | "networks" | "images" | "health">;

/** The newest first. @throws EngineError `invalid` or `not-found` for a filter. */
export async function listContainers(deps: ListDeps, options: ListOptions): Promise<readonly ListedContainer[]> {
  const chosen = await chooseContainers(deps, options);
  const current = await resolveEach(deps, new Set(chosen.map(({ image }) => image.reference)));
  const sizes = options.size ? await Promise.all(chosen.map(async (container) => await sizesUnlessRemoved(deps, container))) : [];
  const links = linkNames(deps.store);
  return chosen.map((container, index) => ({
    container,
    sandbox: deps.networks.sandboxOf(container.id),
    health: deps.health.of(container.id),
    sizes: sizes[index],
    linkNames: links.get(container.id) ?? [],
    imageName: current.get(container.image.reference) === container.image.id ? container.image.reference : container.image.id,
  }));
}

/** One that is removed while it is measured was there when it was asked for, and takes nothing any more. */
async function sizesUnlessRemoved(deps: ListDeps, container: Container): Promise<ContainerSizes> {
  try {
    return await containerSizes(deps, container);
  } catch (error) {
    if (deps.store.has(container.id)) throw error;
    return { writable: 0, root: 0 };
  }
}

async function chooseContainers(deps: ListDeps, { all, limit, filters }: ListOptions): Promise<Container[]> {
  const matches = compileFilters(filters, {
    find: (reference) => deps.store.find(reference),
    sandboxOf: (id) => deps.networks.sandboxOf(id),
    healthOf: (id) => deps.health.of(id)?.status ?? "none",
    ancestors: new Set((await resolveEach(deps, filters.get("ancestor") ?? [])).values()),
  });
  // Docker: a limit, and a question for a state, ask for those that do not run as well.
  const everyState = all || limit > 0 || (filters.get("status") ?? []).length > 0;
  const chosen: Container[] = [];
  for (const container of [...deps.store.all()].reverse()) {
    if (limit > 0 && chosen.length === limit) break;
    if ((everyState || countsAsRunning(container.state)) && matches(container)) chosen.push(container);
  }
  return chosen;
}

/** Each reference's image; those that mean none now are left out. */
async function resolveEach({ images }: ListDeps, references: Iterable<string>): Promise<Map<string, Digest>> {
  const found = new Map<string, Digest>();
  for (const reference of references) {
    try {
      found.set(reference, (await images.resolve(reference)).id);
    } catch (error) {
      if (!isEngineError(error, "not-found", "invalid")) throw error;
    }
  }
  return found;
}
