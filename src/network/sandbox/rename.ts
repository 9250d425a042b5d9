import type { NetworkContext } from "../context.ts";

/** A running container has another name from now on, on all its networks. */
export async function rename(
  { sandboxes, locks }: Pick<NetworkContext, "sandboxes" | "locks">,
  containerId: string,
  name: string,
): Promise<void> {
  await locks.run(containerId, () => {
    const sandbox = sandboxes.get(containerId);
    if (sandbox !== undefined) sandboxes.save({ ...sandbox, containerName: name });
  });
}
