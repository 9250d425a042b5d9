import type { ContainerContext } from "../deps.ts";
import { removeContainer, type RemoveDeps } from "./remove.ts";

const AT_ONCE = 8;

/** Removes every container, with its anonymous volumes, for a daemon that leaves nothing. What cannot be removed is logged, and stays. */
export async function removeAllContainers(deps: RemoveDeps & Pick<ContainerContext, "logger" | "background">): Promise<void> {
  const waiting = [...deps.store.all()].map(({ id }) => id);
  const removeNext = async (): Promise<void> => {
    for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) await removeOne(deps, id);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, removeNext));
  await deps.background.drain();
}

async function removeOne(deps: RemoveDeps & Pick<ContainerContext, "logger">, id: string): Promise<void> {
  try {
    await removeContainer(deps, id, { force: true, volumes: true, link: false });
  } catch (error) {
    // One that goes by itself just now (`--rm`) is gone, too.
    if (deps.store.has(id)) deps.logger.error({ container: id, error }, "a container could not be removed");
  }
}
