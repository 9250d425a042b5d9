import { EngineError } from "#errors/engine-error.ts";
import type { TerminalSize } from "#runtime/contract.ts";
import { requireActive } from "./container.ts";
import type { ContainerContext } from "./deps.ts";

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

/** What the kernel keeps a size in. */
const LARGEST = 65_535;

/** @throws EngineError `invalid`. */
export function parseTerminalSize(height: string | null, width: string | null): TerminalSize {
  return { rows: parseSide("height", height ?? ""), columns: parseSide("width", width ?? "") };
}

function parseSide(what: string, text: string): number {
  if (!/^\d{1,10}$/.test(text)) throw new EngineError("invalid", `invalid resize ${what} ${JSON.stringify(text)}: invalid syntax`);
  if (Number(text) > LARGEST) throw new EngineError("invalid", `invalid resize ${what} ${JSON.stringify(text)}: value out of range`);
  return Number(text);
}
