import { EngineError } from "#errors/engine-error.ts";
import type { TerminalSize } from "#runtime/contract.ts";
import { emitContainerEvent } from "../record/container-events.ts";
import { requireActive, type Container } from "../record/container.ts";
import type { ContainerContext } from "../deps.ts";
import { parseDetachKeys } from "#spec/detach-keys.ts";
import { newRandomId } from "../create/identity.ts";
import type { ExecConfig } from "./exec-session.ts";

export type ExecDeps = Pick<
  ContainerContext,
  "store" | "runtime" | "snapshots" | "networks" | "sandbox" | "events" | "options" | "closing" | "logger" | "execs"
>;

/**
 * Takes in what is to be run in a container.
 *
 * @returns the id of the session.
 * @throws EngineError `not-found`, `conflict` when the container does not run, `invalid` for a command, user or detach keys.
 */
export async function createExec(deps: ExecDeps, reference: string, config: ExecConfig, size: TerminalSize | undefined): Promise<string> {
  const container = deps.store.find(reference);
  requireExecutable(reference, container);
  if (config.command.length === 0) throw new EngineError("invalid", "No exec command specified");
  parseDetachKeys(config.detachKeys);
  const rootfs = await deps.snapshots.mount(container.id);
  const user = deps.sandbox.resolveUser(rootfs, config.user || (container.config.User ?? ""), container.hostConfig.GroupAdd ?? []);
  const id = newRandomId();
  deps.execs.add({ id, containerId: container.id, config, user, size, state: { status: "created" } });
  emitContainerEvent(deps.events, container, `exec_create: ${commandLine(config)}`, { execID: id });
  return id;
}

/** @throws EngineError `conflict`. */
export function requireExecutable(reference: string, container: Container): void {
  if (container.state.status === "paused") {
    throw new EngineError("conflict", `Container ${reference} is paused, unpause the container before exec`);
  }
  requireActive(container);
}

/** As Docker's events show it: program, a space, and the arguments. */
export function commandLine({ command }: ExecConfig): string {
  const [program = "", ...rest] = command;
  return `${program} ${rest.join(" ")}`;
}
