import { EngineError } from "#errors/engine-error.ts";
import type { ContainerContext } from "../deps.ts";
import { formatKeptLink } from "./link.ts";
import { keptLinks } from "./resolve.ts";

/**
 * Takes a link away, for the next start of the container that has it.
 *
 * @param path `owner/alias`, as `docker rm --link` sends it.
 * @throws EngineError `not-found`, or `invalid` for a path without an alias.
 */
export async function removeLink({ store, locks }: Pick<ContainerContext, "store" | "locks">, path: string): Promise<void> {
  const [owner = "", alias = "", ...more] = path.replace(/^\//, "").split("/");
  if (alias === "") {
    store.find(owner);
    throw new EngineError("invalid", "Conflict, cannot remove the default link name of the container");
  }
  const { id } = store.find(owner);
  await locks.run(id, () => {
    const { hostConfig } = store.get(id);
    const links = keptLinks({ hostConfig });
    const rest = links.filter((link) => link.alias !== alias);
    if (rest.length === links.length || more.length > 0) throw new EngineError("not-found", `Cannot get link ${path}: no such link`);
    store.update(id, { hostConfig: { ...hostConfig, Links: rest.map(formatKeptLink) } });
  });
}
