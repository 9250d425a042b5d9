import type { TerminalSize } from "#runtime/contract.ts";
import { requireActive } from "../record/container.ts";
import type { ContainerContext } from "../deps.ts";

/** @throws EngineError `not-found`, or `conflict` when it does not run. A container without a terminal has nothing to resize. */
export async function resizeContainer(
  deps: Pick<ContainerContext, "store" | "runtime">,
  reference: string,
  size: TerminalSize,
): Promise<void> {
  const container = deps.store.find(reference);
  requireActive(container);
  if (container.config.Tty === true) await deps.runtime.resize(container.id, size);
}
